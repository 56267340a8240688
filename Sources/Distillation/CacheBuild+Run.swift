import Base
import ResponseCache

extension CacheBuild {
    /// What a build did.
    public struct Summary: Codable, Sendable, Equatable {
        /// Parts computed now.
        public internal(set) var built = 0
        /// Parts of the shard that were there already, or came from another builder meanwhile.
        public internal(set) var skipped = 0
        /// Parts of other shards that are still missing.
        public var missing = 0
        /// Responses computed now.
        public internal(set) var rows = 0
        /// Images among them that stood in for ones that could not be decoded.
        public internal(set) var substituted = 0
        /// Bytes of the shard's parts, those that were there included.
        public internal(set) var bytes = 0
        /// Time spent, in seconds.
        public var seconds = 0.0

        /// Nothing done.
        public init() {}

        /// Counts what another builder did as well.
        public mutating func add(_ other: Summary) {
            built += other.built
            skipped += other.skipped
            rows += other.rows
            substituted += other.substituted
            bytes += other.bytes
        }
    }

    /// Computes and publishes every part of a shard that is missing.
    ///
    /// - Parameters:
    ///   - epochs: the cached epochs to build; all of them by default.
    ///   - shard: which of their parts.
    /// - Throws: `Interrupted` after a signal; the parts published until then stay. `TrainingError`
    ///   for epochs beyond the cache's.
    public func run(
        epochs: Range<Int>? = nil, shard: Shard = .whole, progress: any ProgressReporter
    ) throws -> Summary {
        for notice in loader.dataset.notices { progress.line(notice) }
        let range = epochs ?? 0..<manifest.epochs
        guard range.upperBound <= manifest.epochs else {
            throw TrainingError(
                "epochs \(range) end beyond the \(manifest.epochs) of the cache; lower --epochs or "
                    + "raise cache.epochs")
        }
        let own = range.flatMap {
            manifest.parts(epoch: $0, groups: 0..<manifest.groupsPerEpoch)
        }.filter { shard.owns($0, of: manifest) }
        if let source = shard.source {
            progress.line(
                "shard \(shard) (\(source)): \(own.count) of the "
                    + "\(range.count * manifest.partsPerEpoch) parts")
        }
        let start = ContinuousClock.now
        var summary = Summary()
        var size = PublishedSize(rowsInAll: own.reduce(0) { $0 + manifest.slots(of: $1).count })
        var missing: [PartID] = []
        for part in own {
            if let bytes = reader.bytes(of: part) {
                size.add(bytes: bytes, rows: manifest.slots(of: part).count)
            } else {
                missing.append(part)
            }
        }
        summary.skipped = own.count - missing.count
        if !missing.isEmpty { try calibrate(progress: progress) }
        try build(missing, into: &summary, size: &size, progress: progress)
        summary.bytes = size.bytes
        summary.missing = reader.missingParts(epochs: range).count
        summary.seconds = start.duration(to: .now).seconds
        return summary
    }

    private func calibrate(progress: any ProgressReporter) throws {
        var isBegun = false
        try calibrate { done, total in
            if !isBegun { progress.begin("prior", total: total, unit: "groups") }
            isBegun = true
            progress.advance(to: done, note: "")
        }
        if isBegun { progress.end() }
    }

    private func build(
        _ missing: [PartID], into summary: inout Summary, size: inout PublishedSize,
        progress: any ProgressReporter
    ) throws {
        let groups = missing.flatMap { part in
            manifest.groups(of: part).map { (epoch: part.epoch, group: $0) }
        }
        let views = loader.prefetch(groups, sizes: sizes)
        progress.begin("cache", total: groups.count * manifest.groupSize, unit: "responses")
        defer { progress.end() }
        var done = 0
        for part in missing {
            let rows = manifest.slots(of: part).count
            if reader.isPublished(part) {
                // Another builder was faster: its part has the same bytes.
                for _ in manifest.groups(of: part) { _ = try views.next() }
                done += rows
                summary.skipped += 1
            } else {
                let note = "epoch \(part.epoch + 1)/\(manifest.epochs), \(size)"
                try build(part, views: views.next) { group in
                    done += group.labels.count
                    summary.substituted += group.substitutions.count
                    progress.advance(to: done, note: note)
                }
                summary.built += 1
                summary.rows += rows
            }
            size.add(bytes: reader.bytes(of: part) ?? 0, rows: rows)
        }
    }
}

/// How large the published parts are, and what all will come to.
private struct PublishedSize: CustomStringConvertible {
    let rowsInAll: Int
    private(set) var bytes = 0
    private var rows = 0

    init(rowsInAll: Int) { self.rowsInAll = rowsInAll }

    mutating func add(bytes: Int, rows: Int) {
        self.bytes += bytes
        self.rows += rows
    }

    /// `1.20 MB of about 4.81 MB`.
    var description: String {
        guard rows > 0 else { return "0 B" }
        let total = Double(bytes) / Double(rows) * Double(rowsInAll)
        return "\(bytes.byteText) of about \(Int(total).byteText)"
    }
}
