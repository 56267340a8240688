import Foundation

/// Paths by their text alone: nothing here looks at the file system, and links stay as written.
enum FilePaths {
    /// `path` from the working directory, standardized.
    static func absolute(_ path: String) -> String {
        joined(FileManager.default.currentDirectoryPath, path)
    }

    /// `path` as seen from `directory`, standardized; absolute if either is.
    static func joined(_ directory: String, _ path: String) -> String {
        standardized(path.hasPrefix("/") ? path : "\(directory)/\(path)")
    }

    /// The folder that holds `path`: `.` for a bare name.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The folder that relative paths in a file start from: the one that holds it or, for what comes
    /// through a pipe or a device, the working directory.
    static func home(of path: String) -> String {
        let file = absolute(path)
        let isStream = ["/dev/", "/proc/"].contains { file.hasPrefix($0) }
        return isStream ? "." : directory(of: path)
    }

    /// Without `.`, `//` and, where a folder stands before it, `..`.
    static func standardized(_ path: String) -> String {
        let isAbsolute = path.hasPrefix("/")
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else if part != ".." || !isAbsolute {
                parts.append(part)
            }
        }
        let joined = parts.joined(separator: "/")
        if isAbsolute { return "/" + joined }
        return joined.isEmpty ? "." : joined
    }
}
