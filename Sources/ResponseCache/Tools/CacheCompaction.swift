import Base
import Foundation

/// Puts each complete epoch of a cache in one file, and removes the files of its parts.
///
/// An epoch's file appears under its name complete or not at all, is read back and compared with
/// the parts, and only then are these removed. So a compaction that was killed is finished by the
/// same call, and several may run at once, beside readers and builders.
package struct CacheCompaction: Sendable {
    /// What a compaction did.
    package struct Summary: Codable, Equatable, Sendable {
        /// Epochs whose file was written now.
        package var compacted = 0
        /// Epochs whose file was there already, or came from another compaction meanwhile.
        package var present = 0
        /// Part files that were removed.
        package var removed = 0
        /// Bytes of the epochs' files, those that were there included.
        package var bytes = 0
        /// Epochs that stay as they are because parts are missing.
        package var incomplete: [IncompleteEpoch] = []
        /// What kept an epoch whose parts are all there from being compacted; one for each.
        package var faults: [CacheFault] = []
    }

    /// An epoch of which parts are missing.
    package struct IncompleteEpoch: Codable, Equatable, Sendable {
        /// The cache's epoch, from 0.
        package let epoch: Int
        /// How many of its parts are missing.
        package let missing: Int
    }

    private let reader: CacheReader
    private let memory: Int

    private var folder: CacheFolder { reader.folder }
    private var manifest: CacheManifest { reader.manifest }

    /// Opens the cache.
    ///
    /// - Throws: `CacheError` if there is none or it cannot be read.
    package init(directory: String) throws(CacheError) {
        try self.init(
            directory: directory, memory: Int(clamping: ProcessInfo.processInfo.physicalMemory))
    }

    /// - Parameter memory: bytes of the machine's memory.
    init(directory: String, memory: Int) throws(CacheError) {
        reader = try CacheReader(directory: directory)
        self.memory = memory
    }

    /// Compacts every complete epoch.
    ///
    /// A damaged part keeps its own epoch as it is, and no other. An epoch's bytes are held in
    /// memory.
    ///
    /// - Parameters:
    ///   - epochs: the cached epochs to compact; all of them by default.
    ///   - progress: told how many of how many parts are done; what it throws ends the compaction,
    ///     with every response still in the cache.
    /// - Throws: `CacheError` for epochs beyond the cache's or too large for the machine, or naming
    ///   the path that cannot be written or removed.
    package func run(
        epochs: Range<Int>? = nil,
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> Summary {
        let range = epochs ?? 0..<manifest.epochs
        guard range.upperBound <= manifest.epochs else {
            throw CacheError(
                "\(reader.directory): epochs \(range) end beyond the \(manifest.epochs) of the cache",
                cause: .epochsBeyond)
        }
        var summary = Summary()
        var complete: [EpochFile] = []
        for epoch in range {
            let missing = folder.missingParts(epochs: epoch..<epoch + 1).count
            if missing > 0 {
                summary.incomplete.append(IncompleteEpoch(epoch: epoch, missing: missing))
            } else {
                complete.append(EpochFile(manifest: manifest, epoch: epoch))
            }
        }
        for (index, file) in complete.enumerated() {
            try compact(file, into: &summary) { done in
                let parts = manifest.partsPerEpoch
                try progress(index * parts + done, complete.count * parts)
            }
        }
        return summary
    }

    /// Compacts one epoch.
    ///
    /// - Parameter progress: told how many of the epoch's parts are done.
    private func compact(
        _ file: EpochFile, into summary: inout Summary, progress: (Int) throws -> Void
    ) throws {
        let path = "\(reader.directory)/\(file.name)"
        AtomicFile.removeStale(in: reader.directory) { $0 == file.name }
        var isOurs = false
        if RegularFile.bytes(at: path) == nil {
            for part in file.parts {
                try progress(0)
                if let message = reader.examine(part).fault {
                    summary.faults.append(CacheFault(part, message))
                    return
                }
            }
            isOurs = try write(file, path)
        }
        // Whoever wrote it, nothing is taken on trust.
        for (index, part) in file.parts.enumerated() {
            try progress(index)
            do {
                if index == 0 { try file.check(path: path) }
                try requireSame(part, path)
            } catch {
                summary.faults.append(CacheFault(part, error.description))
                return
            }
        }
        summary.removed += try removeParts(of: file)
        summary.compacted += isOurs ? 1 : 0
        summary.present += isOurs ? 0 : 1
        summary.bytes += RegularFile.bytes(at: path) ?? 0
        try progress(file.parts.count)
    }

    /// Writes and publishes the file of an epoch whose parts are sound.
    ///
    /// - Returns: whether the file is this one, and not another compaction's.
    private func write(_ file: EpochFile, _ path: String) throws(CacheError) -> Bool {
        let bytes = file.parts.reduce(0) { $0 + (RegularFile.bytes(at: folder.path(of: $1)) ?? 0) }
        guard bytes <= memory else {
            throw CacheError(
                "\(path): compacting takes the epoch's \(bytes) bytes of memory, and this machine "
                    + "has \(memory); do it on a larger one, or leave the parts as they are")
        }
        var isOurs = false
        do {
            try file.encode(path: path, expectedBytes: bytes, from: folder.path(of:)) {
                image throws(CacheError) in
                isOurs = try CacheFiles.publishUnlessPresent(image, at: path)
            }
        } catch {
            // Another compaction may have been faster and have removed parts that were to be read.
            guard RegularFile.bytes(at: path) != nil else { throw error }
        }
        return isOurs
    }

    /// Compares a part in the epoch's file with the part's own file or, where that is gone, decodes
    /// it.
    private func requireSame(_ part: PartID, _ epochPath: String) throws(CacheError) {
        let path = folder.path(of: part)
        guard RegularFile.bytes(at: path) != nil else {
            if let fault = reader.examine(part).fault { throw CacheError(fault) }
            return
        }
        let place = PartPlace.group(part.group, file: epochPath)
        let kept = try folder.content(of: part, at: place)
        // Another compaction may have removed the part since: after this very comparison.
        let own = try folder.content(of: part)
        guard kept == own else {
            throw CacheError(
                "\(part): \(path) and \(place) have different bytes, though both can be read; delete "
                    + "the first, or the second and build what is missing", cause: .damaged)
        }
    }

    /// Removes the parts' own files, and their folder unless something else lies in it.
    ///
    /// - Returns: how many were there.
    private func removeParts(of file: EpochFile) throws(CacheError) -> Int {
        // The name may be another compaction's, which has not made it durable yet.
        try asCacheError { () throws(SystemFailure) in try Folders.synchronize(reader.directory) }
        var removed = 0
        for part in file.parts where try CacheFiles.remove(folder.path(of: part)) { removed += 1 }
        let parent = "\(reader.directory)/\(PartID(epoch: file.epoch, index: 0).folder)"
        AtomicFile.removeStale(in: parent)
        if rmdir(parent) != 0, errno != ENOENT, errno != ENOTEMPTY, errno != EEXIST {
            throw .system("\(parent): cannot remove")
        }
        return removed
    }
}
