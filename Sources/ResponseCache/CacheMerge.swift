import Foundation

/// Gathers the parts of several caches of one fingerprint in one cache.
///
/// A part comes as a hard link where the file system allows it and as a copy elsewhere, under its
/// name completely or not at all. So a merge that was killed is finished by the same call.
public struct CacheMerge: Sendable {
    /// What a merge did.
    public struct Summary: Codable, Equatable, Sendable {
        /// Parts that came as hard links.
        public var linked = 0
        /// Parts that were copied.
        public var copied = 0
        /// Parts of the sources that were there already, with the same bytes.
        public var present = 0
        /// Parts that the merged cache still lacks.
        public var missing = 0
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
    public init(into directory: String, sources: [String]) throws(CacheError) {
        try self.init(into: directory, sources: sources, linking: true)
    }

    /// - Parameter linking: whether hard links are tried.
    init(into directory: String, sources: [String], linking: Bool) throws(CacheError) {
        precondition(!sources.isEmpty, "a merge needs a source")
        var opened: [CacheFolder] = []
        for source in sources { opened.append(try CacheFolder(opening: source)) }
        let isBegun = Files.kind("\(directory)/\(CacheFolder.manifestName)") == .file
        let manifest = isBegun ? try CacheFolder(opening: directory).manifest : opened[0].manifest
        for source in opened {
            let differences = source.manifest.differences(from: manifest)
            if !differences.isEmpty { throw CacheFolder.mismatch(source.directory, differences) }
        }
        target = try CacheFolder(creating: directory, manifest)
        self.sources = opened
        self.linking = linking
    }

    /// Brings in every part that a source has.
    ///
    /// Parts that several of the caches hold are compared before anything is brought in.
    ///
    /// - Parameter progress: told how many of how many parts are done; what it throws ends the
    ///   merge between two parts.
    /// - Throws: `CacheError` naming a part of which two caches hold different bytes, or the path
    ///   that cannot be read or written.
    public func run(
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> Summary {
        let held = target.manifest.parts(epochs: 0..<target.manifest.epochs).compactMap { part in
            let holders = sources.filter { $0.isPublished(part) }
            return holders.isEmpty ? nil : (part: part, holders: holders)
        }
        for (part, holders) in held {
            let all = (target.isPublished(part) ? [target] : []) + holders
            for other in all.dropFirst() { try Self.requireEqual(part, all[0], other) }
        }
        try bringPriors()
        var summary = Summary()
        for (index, (part, holders)) in held.enumerated() {
            try progress(index, held.count)
            if target.isPublished(part) {
                summary.present += 1
            } else if try bring(part, from: holders[0]) {
                summary.linked += 1
            } else {
                summary.copied += 1
            }
        }
        try progress(held.count, held.count)
        summary.missing = target.missingParts(epochs: 0..<target.manifest.epochs).count
        return summary
    }

    /// Brings in the sources' priors, which the parts need. Their names say what they hold.
    private func bringPriors() throws(CacheError) {
        for source in sources {
            for name in try source.priors.files()
            where Files.kind("\(target.directory)/\(name)") == .nothing {
                _ = try bring(name, from: source.directory, to: target.directory)
            }
        }
    }

    /// Publishes one part.
    ///
    /// - Returns: whether as a hard link; otherwise it was copied.
    private func bring(_ part: PartID, from source: CacheFolder) throws(CacheError) -> Bool {
        let folder = "\(target.directory)/\(part.folder)"
        try Files.makeFolder(folder)
        let outcome = try bring(
            part.file, from: "\(source.directory)/\(part.folder)", to: folder)
        // A file of the name that appeared since is another merge's: compared like any other.
        if outcome == .wasThere { try Self.requireEqual(part, target, source) }
        return outcome == .linked
    }

    private enum Outcome { case linked, copied, wasThere }

    private func bring(
        _ name: String, from source: String, to folder: String
    ) throws(CacheError) -> Outcome {
        try PublishedFile.removeStale(folder: folder, name: name)
        let path = "\(source)/\(name)"
        if linking, link(path, "\(folder)/\(name)") == 0 {
            try Files.synchronizeFolder(folder)
            return .linked
        }
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        else { throw CacheError("\(path): cannot read") }
        let file = try PublishedFile(folder: folder, name: name)
        let written = bytes.withUnsafeBytes { bytes in
            Result { () throws(CacheError) in try file.write(bytes) }
        }
        try written.get()
        return try file.publishUnlessPresent() ? .copied : .wasThere
    }

    private static func requireEqual(
        _ part: PartID, _ one: CacheFolder, _ other: CacheFolder
    ) throws(CacheError) {
        let paths = [one.path(of: part), other.path(of: part)]
        guard try !haveSameBytes(paths[0], paths[1]) else { return }
        throw CacheError(
            "\(part): \(paths[0]) and \(paths[1]) have different bytes; run `understudy cache "
                + "verify` on both and delete the one that is wrong")
    }

    /// Whether two files are one, or hold the same bytes.
    private static func haveSameBytes(_ one: String, _ other: String) throws(CacheError) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(one, &first) == 0 else { throw .system("\(one): cannot read") }
        guard stat(other, &second) == 0 else { throw .system("\(other): cannot read") }
        if first.st_dev == second.st_dev, first.st_ino == second.st_ino { return true }
        guard first.st_size == second.st_size else { return false }
        var contents: [Data] = []
        for path in [one, other] {
            guard
                let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
            else { throw CacheError("\(path): cannot read") }
            contents.append(data)
        }
        return contents[0] == contents[1]
    }
}
