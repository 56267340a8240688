import Base
import ResponseCache

extension CacheBuild {
    /// What a build did.
    package struct Summary: Codable, Sendable, Equatable {
        /// Parts computed now.
        package internal(set) var built = 0
        /// Parts of the share that were there already, and are sound, or came from another builder
        /// meanwhile.
        package internal(set) var skipped = 0
        /// Parts of other shares that are still missing.
        package var missing = 0
        /// Responses computed now.
        package internal(set) var rows = 0
        /// Images among them that stood in for ones that could not be decoded.
        package internal(set) var substituted = 0
        /// Bytes of the share's parts, those that were there included.
        package internal(set) var bytes = 0
        /// Time spent, in seconds.
        package var seconds = 0.0

        /// Nothing done.
        package init() {}

        /// Counts what another builder did as well.
        package mutating func add(_ other: Summary) {
            built += other.built
            skipped += other.skipped
            rows += other.rows
            substituted += other.substituted
            bytes += other.bytes
        }
    }

    /// Computes and publishes every part of a share that is missing, after a check of the others.
    ///
    /// - Parameters:
    ///   - epochs: the epochs to build, none beyond the recipe's; all of these by default.
    ///   - share: which of their parts.
    /// - Throws: `Interrupted` after a signal; the parts published until then stay. `CacheError` with a
    ///   line for each part that is there and faulty.
    package func run(
        epochs: Range<Int>? = nil, share: Share = .whole, progress: any ProgressReporter
    ) throws -> Summary {
        for notice in loader.dataset.notices { progress.line(notice) }
        if let before = builder.grownFrom {
            progress.line("the cache grows from \(before) to \(manifest.epochs) epochs")
        }
        let range = epochs ?? 0..<self.epochs
        precondition(range.upperBound <= self.epochs, "the recipe has no epochs \(range)")
        let own = range.flatMap {
            manifest.parts(epoch: $0, groups: 0..<manifest.groupsPerEpoch)
        }.filter { share.owns($0, of: manifest) }
        if let source = share.source {
            progress.line(
                "shard \(share) (\(source)): \(own.count) of the "
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
        try check(own.filter(reader.isPublished), progress: progress)
        if !missing.isEmpty { try calibrate(progress: progress) }
        try build(missing, into: &summary, size: &size, progress: progress)
        summary.bytes = size.bytes
        summary.missing = reader.missingParts(epochs: range).count
        summary.seconds = start.duration(to: .now).seconds
        return summary
    }

    /// Checks that the parts which are there are there whole, before any is computed.
    private func check(_ parts: [PartID], progress: any ProgressReporter) throws {
        guard !parts.isEmpty else { return }
        progress.begin("check", total: parts.count, unit: "parts")
        defer { progress.end() }
        try reader.requireSound(parts) { done, _ in
            progress.advance(to: done, note: "")
            guard !Interruption.requested else {
                throw Interrupted(description: "stopped before anything was computed")
            }
        }
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
        let rows = missing.reduce(0) { $0 + manifest.slots(of: $1).count }
        progress.begin("cache", total: rows, unit: "responses")
        defer { progress.end() }
        var (left, done) = (missing[...], 0)
        while !left.isEmpty {
            // Rendered anew from where another builder was faster: what it made is not wanted here.
            let groups = left.flatMap { part in
                manifest.groups(of: part).map { (epoch: part.epoch, group: $0) }
            }
            let views = loader.prefetch(groups, sizes: sizes)
            var isAhead = true
            while isAhead, let part = left.popFirst() {
                let rows = manifest.slots(of: part).count
                let note = "epoch \(part.epoch + 1)/\(epochs), \(size)"
                var (rendered, substituted) = (0, 0)
                isAhead = try build(part, views: views.next) { group in
                    rendered += group.labels.count
                    substituted += group.substitutions.count
                    progress.advance(to: done + rendered, note: note)
                }
                done += rows
                if isAhead {
                    summary.built += 1
                    summary.rows += rows
                    summary.substituted += substituted
                } else {
                    summary.skipped += 1
                }
                size.add(bytes: reader.bytes(of: part) ?? 0, rows: rows)
            }
            // The same builder is likely to have made more.
            while !isAhead, let part = left.first, reader.isPublished(part) {
                left.removeFirst()
                done += manifest.slots(of: part).count
                summary.skipped += 1
                size.add(bytes: reader.bytes(of: part) ?? 0, rows: manifest.slots(of: part).count)
            }
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
