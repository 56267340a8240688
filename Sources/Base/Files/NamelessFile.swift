import Foundation

/// Files that have no name, and so are gone with their last descriptor, however its process ends.
package enum NamelessFile {
    /// Makes an empty one for reading and writing.
    ///
    /// - Parameters:
    ///   - folder: whose disk it takes; by default that of temporary files.
    ///   - what: what is in it, for the name that it has for a moment.
    /// - Returns: a descriptor that the caller closes.
    package static func make(
        in folder: String = FileManager.default.temporaryDirectory.path, for what: String
    ) throws(SystemFailure) -> Int32 {
        // Not O_TMPFILE, which not every file system has.
        let path = "\(folder)/\(TemporaryName(of: what))"
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SystemFailure("\(path): cannot create") }
        unlink(path)
        return file
    }
}
