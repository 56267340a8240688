import Base
import Foundation

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
        try CacheFiles.makeFolder("\(folder.directory)/\(part.folder)")
        let content = PartFile.Content(
            rows: rows, statistics: .init(statistics), pixelChecksums: pixelChecksums)
        let path = folder.path(of: part)
        try PartFile(manifest: folder.manifest, part: part).encode(content, path: path) {
            bytes throws(CacheError) in try CacheFiles.publish(bytes, at: path)
        }
        return statistics
    }
}

/// Encodes groups one after the other, on a thread that lives while there are any.
///
/// Where the system has no thread to give, whoever hands a group over encodes it.
///
/// Unchecked, since every property that changes is touched while `condition` is locked, but for the
/// encoder, which the one thread has to itself while `isAtWork`.
final class BackgroundEncoding: @unchecked Sendable {
    private let condition = NSCondition()
    private let name: @Sendable (Int) -> String
    private var waiting: [[Float]] = []
    private var isAtWork = false
    private var encoder: PartEncoder
    private var pixelChecksums: [UInt32] = []
    private var failure: CacheError?

    /// - Parameter name: what to call a row in an error, by its index in the part.
    init(_ encoder: PartEncoder, name: @escaping @Sendable (Int) -> String) {
        self.encoder = encoder
        self.name = name
    }

    func append(_ probabilities: [Float], pixelChecksum: UInt32) {
        condition.lock()
        waiting.append(probabilities)
        pixelChecksums.append(pixelChecksum)
        let isFirst = !isAtWork
        isAtWork = true
        condition.unlock()
        guard isFirst else { return }
        do {
            try WorkerThread.start { self.work() }
        } catch {
            work()
        }
    }

    /// Waits for what was handed over.
    ///
    /// - Throws: the first error.
    func finish() throws(CacheError) -> (encoder: PartEncoder, pixelChecksums: [UInt32]) {
        condition.lock()
        defer { condition.unlock() }
        while isAtWork { condition.wait() }
        if let failure { throw failure }
        return (encoder, pixelChecksums)
    }

    private func work() {
        while let group = next() {
            do throws(CacheError) {
                try group.withUnsafeBufferPointer { rows throws(CacheError) in
                    try encoder.append(rows, name: name)
                }
            } catch {
                condition.lock()
                failure = error
                condition.unlock()
            }
        }
    }

    /// The next group; nil, and the work is over, where there is none, or after an error.
    private func next() -> [Float]? {
        condition.lock()
        defer { condition.unlock() }
        if failure == nil, !waiting.isEmpty { return waiting.removeFirst() }
        waiting = []
        isAtWork = false
        condition.broadcast()
        return nil
    }
}
