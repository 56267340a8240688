import Base
import Foundation

/// Gathers the parts of several caches of the same inputs, whatever program wrote them, in one cache,
/// which holds as many epochs as the longest of them.
///
/// A file comes as a hard link where the file system allows it and as a copy elsewhere, under its
/// name completely or not at all. So a merge that was killed is finished by the same call.
///
/// Where a source holds a whole epoch in one file, that file comes, even beside parts of the epoch
/// that are there already: a compaction of the merged cache removes those.
package struct CacheMerge: Sendable {
    /// What a merge did.
    package struct Summary: Codable, Equatable, Sendable {
        /// Parts that came as hard links.
        package var linked = 0
        /// Parts that were copied.
        package var copied = 0
        /// Parts of the sources that were there already, with the same content.
        package var present = 0
        /// Parts that the merged cache still lacks.
        package var missing = 0
    }

    private let target: CacheFolder
    private let sources: [CacheFolder]
    private let linking: Bool

    /// Opens the sources and opens or begins the merged cache.
    ///
    /// - Parameters:
    ///   - directory: a new or empty directory, or a cache of the same fingerprint and layout.
    ///   - sources: the caches to gather; at least one.
    /// - Throws: `CacheError` if one cannot be opened; or listing each field in which a source
    ///   differs. Nothing has been written then.
    package init(into directory: String, sources: [String]) throws(CacheError) {
        try self.init(into: directory, sources: sources, linking: true)
    }

    /// - Parameter linking: whether hard links are tried.
    init(into directory: String, sources: [String], linking: Bool) throws(CacheError) {
        precondition(!sources.isEmpty, "a merge needs a source")
        var opened: [CacheFolder] = []
        for source in sources { opened.append(try CacheFolder(opening: source)) }
        let there = try FileKind.isMissing(directory) ? nil : ManifestFile(in: directory).read()
        var manifest = there ?? opened[0].manifest
        for source in opened {
            let differences = source.manifest.differences(from: manifest)
            if !differences.isEmpty { throw CacheFolder.mismatch(source.directory, differences) }
            manifest = try manifest.adding(epochs: source.manifest.epochs)
        }
        target = try CacheFolder(
            creating: directory, manifest,
            accepting: opened.reduce(into: []) { $0.formUnion($1.manifest.digests) })
        self.sources = opened
        self.linking = linking
    }

    /// Brings in every part that a source has.
    ///
    /// Parts that several of the caches hold are compared before anything is brought in, and those
    /// that the merged one has are checked.
    ///
    /// - Parameter progress: told how many of how many parts are done; what it throws ends the
    ///   merge between two parts.
    /// - Throws: `CacheError` naming a part of which two caches hold files of different bytes (or
    ///   different datasets, where one holds it in its epoch's file), or the path that cannot be
    ///   read or written.
    package func run(
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> Summary {
        let epochs = (0..<target.manifest.epochs).map { epoch in
            target.manifest.parts(epochs: epoch..<epoch + 1).compactMap { part in
                let holders = sources.filter { $0.isPublished(part) }
                return holders.isEmpty ? nil : (part: part, holders: holders)
            }
        }
        for (part, holders) in epochs.joined() {
            let all = (target.isPublished(part) ? [target] : []) + holders
            for other in all.dropFirst() { try Self.requireEqual(part, all[0], other) }
        }
        let present = epochs.joined().map(\.part).filter { target.isPublished($0) }
        try CacheReader(directory: target.directory).requireSound(present)
        try bringPriors()
        let total = epochs.reduce(0) { $0 + $1.count }
        var (summary, done) = (Summary(), 0)
        for held in epochs {
            let lacking = held.filter { !target.isPublished($0.part) }
            summary.present += held.count - lacking.count
            done += held.count - lacking.count
            var moves = lacking.map { (path: $0.part.path, parts: [$0.part], from: $0.holders[0]) }
            if let first = lacking.first?.part,
                let source = sources.first(where: {
                    RegularFile.bytes(at: $0.epochPath(of: first)) != nil
                })
            {
                moves = [(path: first.epochFile, parts: lacking.map(\.part), from: source)]
            }
            for move in moves {
                try progress(done, total)
                if try bring(move.path, holding: move.parts, from: move.from) {
                    summary.linked += move.parts.count
                } else {
                    summary.copied += move.parts.count
                }
                done += move.parts.count
            }
        }
        try progress(total, total)
        summary.missing = target.missingParts(epochs: 0..<target.manifest.epochs).count
        return summary
    }

    /// Brings in the sources' priors, which the parts need. Their names say what they hold.
    private func bringPriors() throws(CacheError) {
        for source in sources {
            for name in try source.priors.files()
            where FileKind.isMissing("\(target.directory)/\(name)") {
                _ = try bring(name, holding: [], from: source)
            }
        }
    }

    /// Publishes a file of a source under the same name.
    ///
    /// - Parameters:
    ///   - path: the file within the cache.
    ///   - parts: what is wanted of it.
    /// - Returns: whether as a hard link; otherwise it was copied.
    private func bring(
        _ path: String, holding parts: [PartID], from source: CacheFolder
    ) throws(CacheError) -> Bool {
        let (old, new) = ("\(source.directory)/\(path)", "\(target.directory)/\(path)")
        let folder = Folders.parent(of: new)
        let name = String(new.dropFirst(folder.count + 1))
        try CacheFiles.makeFolder(folder)
        AtomicFile.removeStale(in: folder) { $0 == name }
        // A file of the name that appeared since is another merge's: compared like any other.
        if linking, link(old, new) == 0 {
            try asCacheError { () throws(SystemFailure) in try Folders.synchronize(folder) }
            return true
        }
        let bytes = try CacheFiles.mapped(old)
        let published = bytes.withUnsafeBytes { bytes in
            Result { () throws(CacheError) in
                try CacheFiles.publishUnlessPresent(bytes, at: new)
            }
        }
        if try !published.get() {
            for part in parts { try Self.requireEqual(part, target, source) }
        }
        return false
    }

    private static func requireEqual(
        _ part: PartID, _ one: CacheFolder, _ other: CacheFolder
    ) throws(CacheError) {
        guard let first = one.place(of: part), let second = other.place(of: part),
            try !areEqual(part, (one, first), (other, second))
        else { return }
        throw CacheError(
            "\(part): \(first) and \(second) have different bytes", cause: .differingParts)
    }

    /// Whether a part is the same in two caches: its file's bytes or, where one holds it in the file
    /// of its epoch, or under the fingerprint of an earlier program, its datasets.
    private static func areEqual(
        _ part: PartID, _ one: (cache: CacheFolder, place: PartPlace),
        _ other: (cache: CacheFolder, place: PartPlace)
    ) throws(CacheError) -> Bool {
        if try areOneFile(one.place.path, other.place.path) { return true }
        if case (.file(let first), .file(let second)) = (one.place, other.place) {
            if try haveSameBytes(first, second) { return true }
            let digests = one.cache.manifest.digests.union(other.cache.manifest.digests)
            guard digests.count > 1 else { return false }
        }
        let contents = try [one, other].map { cache, _ throws(CacheError) in
            try cache.read(part) { place throws(CacheError) in
                try cache.content(of: part, at: place)
            }
        }
        return contents[0] == contents[1]
    }

    private static func areOneFile(_ one: String, _ other: String) throws(CacheError) -> Bool {
        guard let first = FileIdentity(one) else { throw .system("\(one): cannot read") }
        guard let second = FileIdentity(other) else { throw .system("\(other): cannot read") }
        return first == second
    }

    private static func haveSameBytes(_ one: String, _ other: String) throws(CacheError) -> Bool {
        guard RegularFile.bytes(at: one) == RegularFile.bytes(at: other) else { return false }
        return try CacheFiles.mapped(one) == CacheFiles.mapped(other)
    }
}
