import CHDF5

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
