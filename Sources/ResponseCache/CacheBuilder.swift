/// Writes a cache, part by part.
///
/// Any number of builders, in any number of processes and on any number of hosts, may work on one
/// cache. A part is written under a temporary name, flushed, and renamed, so it is there completely
/// or not at all; two builders that race for one part write the same bytes. A builder that dies
/// leaves at most a temporary, which is never read and which the next builder of that part removes.
public final class CacheBuilder: Sendable {
    private let folder: CacheFolder

    /// Creates a cache, or opens it to add what is missing.
    ///
    /// - Parameters:
    ///   - directory: a new or empty directory, or a cache.
    ///   - manifest: what the cache holds; a cache that is there must agree with it in everything
    ///     but `createdBy`.
    /// - Throws: `CacheError`, listing each field that differs on a line of its own; or if the
    ///   directory holds something else or cannot be written.
    public init(directory: String, manifest: CacheManifest) throws(CacheError) {
        folder = try CacheFolder(creating: directory, manifest)
    }

    /// The manifest on disk.
    public var manifest: CacheManifest { folder.manifest }

    /// The cache's directory.
    public var directory: String { folder.directory }

    /// Whether the part is there.
    public func isPublished(_ part: PartID) -> Bool { folder.isPublished(part) }

    /// The parts of these epochs that are not there, in order.
    ///
    /// - Parameter epochs: training epochs; each stands for itself modulo `manifest.epochs`.
    public func missingParts(epochs: Range<Int>) -> [PartID] {
        folder.missingParts(epochs: epochs)
    }

    /// Encodes, writes and publishes a part; replaces it if it is there.
    ///
    /// The same input gives the same bytes.
    ///
    /// - Parameters:
    ///   - part: one of the cache's parts.
    ///   - probabilities: `[manifest.slots(of: part).count, classes]`, rows in slot order, each a
    ///     distribution: no NaN, infinity or negative value, and a sum of 1 ± 0.001.
    ///   - pixelChecksums: CRC-32C of the uint8 pixels of each group, in order.
    /// - Throws: `CacheError` naming the slot of a row that is no distribution; or the path, and
    ///   the bytes needed, if the file cannot be written.
    public func publish(
        _ part: PartID, probabilities: UnsafeBufferPointer<Float>, pixelChecksums: [UInt32]
    ) throws(CacheError) {
        precondition(manifest.contains(part), "\(part) is not in this cache")
        let slots = manifest.slots(of: part)
        precondition(
            pixelChecksums.count == manifest.groups(of: part).count,
            "\(pixelChecksums.count) checksums for groups \(manifest.groups(of: part))")
        let (rows, statistics) = try PartRows.encoding(
            manifest.encoding, classes: manifest.classes, rows: slots.count,
            probabilities: probabilities
        ) { "the teacher's response for epoch \(part.epoch), slot \(slots.lowerBound + $0)" }

        let parent = "\(folder.directory)/\(part.folder)"
        try Files.makeFolder(parent)
        try PublishedFile.removeStale(folder: parent, name: part.file)
        let content = PartFile.Content(
            rows: rows, statistics: .init(statistics), pixelChecksums: pixelChecksums)
        try PartFile(manifest: manifest, part: part).encode(content, path: folder.path(of: part)) {
            bytes throws(CacheError) in
            let file = try PublishedFile(folder: parent, name: part.file)
            try file.write(bytes)
            try file.publish()
        }
    }
}
