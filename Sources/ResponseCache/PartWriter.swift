import Base
import Foundation
import Synchronization

/// A part that is being made: its rows are encoded in the background while the teacher goes on.
///
/// A value that is dropped without `publish` leaves nothing behind. Where the system has no thread to
/// give, the rows are encoded at once instead.
///
/// Sendable: `waiting` and `isEncoding` are read and written with `condition` locked.
public final class PartWriter: @unchecked Sendable {
    /// A group's rows and checksum.
    private struct Group {
        let probabilities: [Float]
        let pixelChecksum: UInt32
    }

    private let part: PartID
    private let folder: CacheFolder
    private let condition = NSCondition()
    private var waiting: [Group] = []
    /// Whether somebody takes the waiting groups one by one.
    private var isEncoding = false
    private let state: Mutex<State>

    private struct State: Sendable {
        var encoder: PartEncoder
        var pixelChecksums: [UInt32] = []
        var failure: CacheError?
    }

    init(_ part: PartID, in folder: CacheFolder, prior: ResponsePrior?) {
        self.part = part
        self.folder = folder
        let manifest = folder.manifest
        state = Mutex(
            State(
                encoder: PartEncoder(
                    manifest.encoding, classes: manifest.classes, prior: prior)))
    }

    /// Hands over the responses to the next group; returns at once.
    ///
    /// - Parameters:
    ///   - probabilities: `[groupSize, classes]`, rows in slot order, each a distribution: no NaN,
    ///     infinity or negative value, and a sum of 1 ± 0.001.
    ///   - pixelChecksum: CRC-32C of the group's uint8 pixels.
    public func append(_ probabilities: [Float], pixelChecksum: UInt32) {
        let manifest = folder.manifest
        precondition(
            probabilities.count == manifest.groupSize * manifest.classes,
            "\(probabilities.count) probabilities for a group")
        condition.lock()
        waiting.append(Group(probabilities: probabilities, pixelChecksum: pixelChecksum))
        let isTaken = isEncoding
        isEncoding = true
        condition.unlock()
        guard !isTaken else { return }
        do throws(SystemFailure) {
            try WorkerThread.start { [self] in encodeWaiting() }
        } catch {
            encodeWaiting()
        }
    }

    /// Encodes groups in their order until none waits.
    private func encodeWaiting() {
        while true {
            condition.lock()
            guard !waiting.isEmpty else {
                isEncoding = false
                condition.broadcast()
                condition.unlock()
                return
            }
            let group = waiting.removeFirst()
            condition.unlock()
            encode(group)
        }
    }

    private func encode(_ group: Group) {
        state.withLock { state in
            guard state.failure == nil else { return }
            let first = folder.manifest.slots(of: part).lowerBound
            state.pixelChecksums.append(group.pixelChecksum)
            do throws(CacheError) {
                try group.probabilities.withUnsafeBufferPointer { rows throws(CacheError) in
                    try state.encoder.append(rows) { rowName(part, slot: first + $0) }
                }
            } catch {
                state.failure = error
            }
        }
    }

    /// Waits until every group is encoded.
    private func finishEncoding() {
        condition.lock()
        while isEncoding { condition.wait() }
        condition.unlock()
    }

    /// Waits for the encoding, and writes and publishes the part.
    ///
    /// The same rows give the same bytes.
    ///
    /// - Returns: what storing the rows cost.
    /// - Throws: `CacheError` naming the slot of a row that is no distribution; or the path, and
    ///   the bytes needed, if the file cannot be written.
    @discardableResult
    public func publish() throws(CacheError) -> RowStatistics {
        finishEncoding()
        let state = self.state.withLock { $0 }
        if let failure = state.failure { throw failure }
        let groups = folder.manifest.groups(of: part)
        precondition(
            state.pixelChecksums.count == groups.count,
            "\(state.pixelChecksums.count) of \(part)'s groups \(groups)")
        let (rows, statistics) = state.encoder.encoded()
        let parent = "\(folder.directory)/\(part.folder)"
        try Files.makeFolder(parent)
        try PublishedFile.removeStale(folder: parent, name: part.file)
        let content = PartFile.Content(
            rows: rows, statistics: .init(statistics), pixelChecksums: state.pixelChecksums)
        try PartFile(manifest: folder.manifest, part: part).encode(
            content, path: folder.path(of: part)
        ) { bytes throws(CacheError) in
            let file = try PublishedFile(folder: parent, name: part.file)
            try file.write(bytes)
            try file.publish()
        }
        return statistics
    }
}
