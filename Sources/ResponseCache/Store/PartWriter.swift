/// A part that is being made: its rows are encoded in the background while the teacher goes on.
///
/// A value that is dropped without `publish` leaves nothing behind.
package final class PartWriter: Sendable {
    private let part: PartID
    private let folder: CacheFolder
    private let encoding: BackgroundEncoding

    init(_ part: PartID, in folder: CacheFolder, prior: ResponsePrior?) {
        self.part = part
        self.folder = folder
        let manifest = folder.manifest
        let first = manifest.slots(of: part).lowerBound
        encoding = BackgroundEncoding(
            PartEncoder(manifest.encoding, classes: manifest.classes, prior: prior)
        ) { RowCheck.name(epoch: part.epoch, slot: first + $0) }
    }

    /// Hands over the responses to the next group; returns at once.
    ///
    /// - Parameters:
    ///   - probabilities: `[groupSize, classes]`, rows in slot order, each a distribution: no NaN,
    ///     infinity or negative value, and a sum of 1 ± 0.001.
    ///   - pixelChecksum: CRC-32C of the group's uint8 pixels.
    package func append(_ probabilities: [Float], pixelChecksum: UInt32) {
        let manifest = folder.manifest
        precondition(
            probabilities.count == manifest.groupSize * manifest.classes,
            "\(probabilities.count) probabilities for a group")
        encoding.append(probabilities, pixelChecksum: pixelChecksum)
    }

    /// Waits for the encoding, and writes and publishes the part.
    ///
    /// The same rows give the same bytes.
    ///
    /// - Returns: what storing the rows cost.
    /// - Throws: `CacheError` naming the slot of a row that is no distribution; or the path, and
    ///   the bytes needed, if the file cannot be written.
    @discardableResult
    package func publish() throws(CacheError) -> RowStatistics {
        let (encoder, pixelChecksums) = try encoding.finish()
        let groups = folder.manifest.groups(of: part)
        precondition(
            pixelChecksums.count == groups.count,
            "\(pixelChecksums.count) of \(part)'s groups \(groups)")
        let (rows, statistics) = encoder.encoded()
        try Files.makeFolder("\(folder.directory)/\(part.folder)")
        let content = PartFile.Content(
            rows: rows, statistics: .init(statistics), pixelChecksums: pixelChecksums)
        let path = folder.path(of: part)
        try PartFile(manifest: folder.manifest, part: part).encode(content, path: path) {
            bytes throws(CacheError) in try Files.publish(bytes, at: path)
        }
        return statistics
    }
}
