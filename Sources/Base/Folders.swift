import Foundation

/// Folders that are made where they are missing.
package enum Folders {
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
