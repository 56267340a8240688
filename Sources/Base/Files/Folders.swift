import Foundation

/// Folders: what is in them, making them, and keeping what was named in them.
package enum Folders {
    /// The names in a folder, hidden ones included, sorted.
    ///
    /// - Throws: `SystemFailure` with the folder, `ENOENT` where there is none.
    package static func names(in folder: String) throws(SystemFailure) -> [String] {
        var names: [String] = []
        let code = folder.withCString { path in
            visit(path) { name, _ in names.append(String(cString: name)) }
        }
        guard code == 0 else { throw SystemFailure("\(folder): cannot list", code) }
        return names.sorted()
    }

    /// Calls `body` with each name in a folder, in the order in which they lie there.
    ///
    /// - Parameter body: takes the name as the file system has it, which may be no text, and the open
    ///   folder.
    /// - Returns: 0, or the `errno` with which the folder could not be listed.
    package static func visit<Failure: Error>(
        _ folder: UnsafePointer<CChar>,
        _ body: (_ name: UnsafePointer<CChar>, _ folder: Int32) throws(Failure) -> Void
    ) throws(Failure) -> Int32 {
        guard let directory = opendir(folder) else { return errno }
        defer { closedir(directory) }
        while true {
            errno = 0
            guard let record = readdir(directory) else { return errno }
            let visited = withUnsafePointer(to: &record.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    Result { () throws(Failure) in
                        guard strcmp(name, ".") != 0, strcmp(name, "..") != 0 else { return }
                        try body(name, dirfd(directory))
                    }
                }
            }
            try visited.get()
        }
    }

    /// Makes renames and new names within a folder durable.
    ///
    /// A folder that has gone keeps no names. One that cannot be read, and a file system that cannot
    /// flush folders and says so with EINVAL, keep the renames themselves.
    package static func synchronize(_ path: String) throws(SystemFailure) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if [ENOENT, EACCES].contains(errno) { return }
            throw SystemFailure("\(path): cannot open the folder")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw SystemFailure("\(path): cannot flush the folder")
        }
    }

    /// Makes a folder and those above it that are missing.
    ///
    /// - Parameter made: told of each folder that was not there, the outermost first.
    /// - Throws: `SystemFailure` with the path and the reason for which the outermost folder that is
    ///   missing cannot be made; not that of a later call, for which it then is not there.
    package static func make(
        _ path: String, made: (String) -> Void = { _ in }
    ) throws(SystemFailure) {
        let code = code(making: path, made)
        guard code == 0 else { throw SystemFailure("\(path): cannot make the folder", code) }
    }

    /// The path of a name in a folder, whose own path may end with a slash.
    package static func path(of name: String, in folder: String) -> String {
        folder.utf8.last == UInt8(ascii: "/") ? folder + name : "\(folder)/\(name)"
    }

    /// A path without its last component; `.` where there is none.
    package static func parent(of path: String) -> String {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// - Returns: 0, or the `errno` of the call that failed first.
    private static func code(making path: String, _ made: (String) -> Void) -> Int32 {
        if mkdir(path, 0o777) == 0 {
            made(path)
            return 0
        }
        let code = errno
        var status = stat()
        if stat(path, &status) == 0 {
            // Whatever was said of making it: some file systems say that they are read-only first.
            return FileKind(status) == .folder ? 0 : ENOTDIR
        }
        let parent = parent(of: path)
        // Where the folder above is there, as in /proc, it is this one that cannot be made.
        guard code == ENOENT, parent != path, stat(parent, &status) != 0 else { return code }
        let above = Self.code(making: parent, made)
        guard above == 0 else { return above }
        if mkdir(path, 0o777) == 0 {
            made(path)
            return 0
        }
        return errno == EEXIST ? 0 : errno
    }
}
