import Base
import CHDF5
import Foundation

/// An HDF5 file of another program's, kept open.
///
/// Nobody may write to it meanwhile: it is locked for readers where the file system has locks, and
/// looked at for changes.
final class ForeignFile: Sendable {
    let path: String
    private let steady: SteadyFile
    /// Touched under HDF5's lock alone.
    nonisolated(unsafe) let file: OpaquePointer

    /// - Throws: `CacheError` for a file that cannot be opened, or that somebody is writing.
    init(path: String) throws(CacheError) {
        self.path = path
        steady = try SteadyFile(path: path)
        file = try HDF5File.locked(path) { chdf5_open_foreign(path, $0, $1) }
    }

    deinit { HDF5File.locked { chdf5_close(file) } }

    /// Checks that the file is as it was when it was opened.
    func requireUnchanged() throws(CacheError) { try steady.requireUnchanged() }
}

/// A file that nobody may write to while it is read.
final class SteadyFile: Sendable {
    private struct Stamp: Equatable {
        let device, inode, size: Int
        let modified, changed: [Int]

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = Int(truncatingIfNeeded: status.st_dev)
            inode = Int(truncatingIfNeeded: status.st_ino)
            size = Int(status.st_size)
            modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
            changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        }
    }

    private let path: String
    private let descriptor: Int32
    private let stamp: Stamp?

    /// Opens and locks a file.
    ///
    /// - Throws: `CacheError` if it cannot be opened, or a writer has locked it.
    init(path: String) throws(CacheError) {
        let descriptor = try CacheFiles.openForReading(path)
        let outcome: FileLock.Outcome
        do {
            outcome = try FileLock.take(descriptor, path: path, isShared: true)
        } catch {
            close(descriptor)
            throw CacheError(error)
        }
        guard outcome != .busy else {
            close(descriptor)
            throw CacheError("\(path): somebody is writing it; wait until that is done")
        }
        self.path = path
        self.descriptor = descriptor
        stamp = Stamp(path)
    }

    deinit { close(descriptor) }

    /// Checks that the file is as it was.
    func requireUnchanged() throws(CacheError) {
        guard stamp == Stamp(path) else {
            throw CacheError(
                "\(path): changed while it was read; begin again when nobody writes to it")
        }
    }
}
