import Base
import Foundation
import Synchronization

/// Reads a cache, in the order of the view plan.
///
/// The part that was read last is kept in memory as it is stored, so that reading slots in order
/// reads each file once. A reader may be used from several threads; they take turns, and each wants
/// its own reader if they read different parts.
package final class CacheReader: Sendable {
    private struct LoadedPart: Sendable {
        var part: PartID
        var place: PartPlace
        var content: PartFile.Content
    }

    let folder: CacheFolder
    private let loaded = Mutex<LoadedPart?>(nil)

    /// Opens a cache.
    ///
    /// - Parameters:
    ///   - directory: the cache.
    ///   - expecting: the fingerprint of the recipe, teacher and data at hand; nil reads whatever
    ///     is there, for tools that only look.
    /// - Throws: `CacheError` if there is no cache or it cannot be read; or, if the fingerprints
    ///   differ, listing each field that does on a line of its own.
    package init(directory: String, expecting: Fingerprint? = nil) throws(CacheError) {
        folder = try CacheFolder(opening: directory)
        guard let expecting else { return }
        let differences = folder.manifest.fingerprint.differences(from: expecting)
        if !differences.isEmpty { throw CacheFolder.mismatch(directory, differences) }
    }

    /// What the cache holds.
    package var manifest: CacheManifest { folder.manifest }

    /// The cache's directory.
    package var directory: String { folder.directory }

    /// Whether a part is there.
    package func isPublished(_ part: PartID) -> Bool { folder.isPublished(part) }

    /// Bytes of a part on disk; nil if it is not there.
    ///
    /// Of a file that holds the whole epoch, a part's share is that of its rows, rounded so that
    /// the shares of all parts sum to the file's bytes.
    package func bytes(of part: PartID) -> Int? {
        if let bytes = RegularFile.bytes(at: folder.path(of: part)) { return bytes }
        guard let bytes = RegularFile.bytes(at: folder.epochPath(of: part)) else { return nil }
        let groups = manifest.groups(of: part)
        // The product may be more than 64 bits.
        func share(until group: Int) -> Int {
            manifest.groupsPerEpoch.dividingFullWidth(bytes.multipliedFullWidth(by: group)).quotient
        }
        return share(until: groups.upperBound) - share(until: groups.lowerBound)
    }

    /// The parts that are there, by epoch: their indices in order. Every epoch has an entry.
    ///
    /// This looks at names only; a part's content is checked when it is read.
    package func coverage() -> [Int: [Int]] {
        var epochs: [Int: [Int]] = [:]
        for epoch in 0..<manifest.epochs {
            epochs[epoch] = (0..<manifest.partsPerEpoch).filter {
                folder.isPublished(PartID(epoch: epoch, index: $0))
            }
        }
        return epochs
    }

    /// The parts of these epochs that are not there, in order.
    ///
    /// - Parameter epochs: of views; those beyond the cache's are not there either.
    package func missingParts(epochs: Range<Int>) -> [PartID] {
        folder.missingParts(epochs: epochs)
    }

    /// Decodes the responses of consecutive slots.
    ///
    /// - Parameters:
    ///   - epoch: an epoch of views.
    ///   - slots: slots of the epoch; they may span parts.
    ///   - out: receives `[slots.count, classes]` probabilities in slot order, rows that sum to 1.
    ///     Undefined after an error.
    /// - Throws: `CacheError` naming the epoch and part that is missing, or the file and the
    ///   attribute or dataset that is damaged or belongs to another cache.
    package func read(
        epoch: Int, slots: Range<Int>, into out: UnsafeMutableBufferPointer<Float>
    ) throws(CacheError) {
        try requireSlots(slots)
        precondition(
            out.count == slots.count * manifest.classes,
            "\(out.count) values for \(slots.count) rows of \(manifest.classes) classes")
        guard var target = out.baseAddress else { return }
        var slot = slots.lowerBound
        while slot < slots.upperBound {
            let part = manifest.part(epoch: epoch, slot: slot)
            let held = manifest.slots(of: part)
            let end = min(slots.upperBound, held.upperBound)
            let rows = slot - held.lowerBound..<end - held.lowerBound
            let (fault, place) = try withPart(part) {
                ($0.content.rows.decode(rows, into: target), $0.place)
            }
            if let fault {
                throw CacheError(
                    "\(place): the row of slot \(held.lowerBound + fault.row) is invalid: "
                        + "\(fault.reason); \(place.remedy)", cause: .damaged)
            }
            target += rows.count * manifest.classes
            slot = end
        }
    }

    /// Decodes the responses of consecutive slots into an array, `[slots.count, classes]`.
    ///
    /// - Throws: as `read(epoch:slots:into:)`.
    package func rows(epoch: Int, slots: Range<Int>) throws(CacheError) -> [Float] {
        // Before memory is taken for them.
        try requireSlots(slots)
        guard SystemMemory.canAllocate(slots.count * manifest.classes * 4) else {
            throw CacheError(
                "\(directory): no memory for \(slots.count) responses of \(manifest.classes) classes "
                    + "at once; ask for fewer", cause: .system(ENOMEM))
        }
        var rows = [Float](repeating: 0, count: slots.count * manifest.classes)
        let result = rows.withUnsafeMutableBufferPointer { buffer in
            Result { () throws(CacheError) in try read(epoch: epoch, slots: slots, into: buffer) }
        }
        try result.get()
        return rows
    }

    /// Checks that an epoch has these slots.
    func requireSlots(_ slots: Range<Int>) throws(CacheError) {
        guard slots.lowerBound >= 0, slots.upperBound <= manifest.slotsPerEpoch else {
            throw CacheError(
                "\(directory): has \(manifest.slotsPerEpoch) slots per epoch; "
                    + "slots \(slots) are beyond them")
        }
    }

    /// CRC-32C of a group's uint8 pixels, as the teacher saw them.
    ///
    /// - Parameters:
    ///   - epoch: an epoch of views.
    ///   - group: a group of the epoch.
    /// - Throws: as `read(epoch:slots:into:)`.
    package func pixelChecksum(epoch: Int, group: Int) throws(CacheError) -> UInt32 {
        guard (0..<manifest.groupsPerEpoch).contains(group) else {
            throw CacheError(
                "\(directory): has \(manifest.groupsPerEpoch) groups per epoch; "
                    + "group \(group) is beyond them")
        }
        let part = PartID(epoch: epoch, index: group / manifest.groupsPerPart)
        let first = manifest.groups(of: part).lowerBound
        return try withPart(part) { $0.content.pixelChecksums[group - first] }
    }

    /// Lends a part, read from its file unless it is the last one used.
    private func withPart<Result: Sendable>(
        _ part: PartID, _ body: (borrowing LoadedPart) -> Result
    ) throws(CacheError) -> Result {
        try loaded.withLock { loaded throws(CacheError) in
            if let loaded, loaded.part == part { return body(loaded) }
            // Given up first, so that two parts are never held at once.
            loaded = nil
            let read = try folder.read(part) { place throws(CacheError) in
                LoadedPart(
                    part: part, place: place,
                    content: try folder.content(of: part, at: place))
            }
            loaded = read
            return body(read)
        }
    }
}
