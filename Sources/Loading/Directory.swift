import Foundation

/// Directory listing through readdir and fstatat: Foundation's costs several times as much per
/// file, which counts with a million of them.
enum Directory {
    struct Entry {
        let name: String
        let kind: Kind
        let bytes: Int
        let identity: Identity

        var isFolder: Bool { kind == .folder }
    }

    enum Kind {
        case file, folder
        /// A pipe, a socket or a device, which must not be opened.
        case other

        init(_ status: stat) {
            switch status.st_mode & S_IFMT {
            case S_IFREG: self = .file
            case S_IFDIR: self = .folder
            default: self = .other
            }
        }
    }

    /// What two paths have in common that lead to the same file.
    struct Identity: Hashable {
        let device: UInt
        let number: UInt

        init(_ status: stat) {
            device = UInt(status.st_dev)
            number = UInt(status.st_ino)
        }
    }

    /// The entries of a folder in the order of their names' code points; hidden ones left out.
    ///
    /// Symbolic links are followed; one that leads nowhere is an error.
    static func entries(of path: String) throws(DatasetError) -> [Entry] {
        guard let directory = opendir(path) else {
            throw .system(path, "cannot be read as a folder")
        }
        defer { closedir(directory) }
        let descriptor = dirfd(directory)
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let record = readdir(directory) else {
                guard errno == 0 else { throw .system(path, "cannot be read as a folder") }
                break
            }
            let (valid, repaired) = withUnsafePointer(to: &record.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    let valid = String(validatingCString: $0)
                    return (valid, valid == nil ? String(cString: $0) : "")
                }
            }
            guard let name = valid else {
                throw DatasetError("\(path)/\(repaired): the name is not UTF-8; rename it")
            }
            guard !name.hasPrefix(".") else { continue }
            var status = stat()
            guard fstatat(descriptor, name, &status, 0) == 0 else {
                let code = errno
                let isLink = fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
                guard code == ENOENT, isLink else {
                    throw .system("\(path)/\(name)", "cannot be read", code)
                }
                throw DatasetError(
                    "\(path)/\(name): cannot be read: a symbolic link to something that is not "
                        + "there; mend or remove it")
            }
            entries.append(
                Entry(
                    name: name, kind: Kind(status), bytes: Int(status.st_size),
                    identity: Identity(status)))
        }
        // UTF-8 bytes sort as code points do, which is Python's order of strings.
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// A path without its last component; `.` where there is none.
    static func parent(of path: String) -> String {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// The last component of a path.
    static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// The ending of a file's name after its last dot, in lower case; empty if there is none.
    static func ending(of path: String) -> String {
        let name = path.utf8[
            (path.utf8.lastIndex(of: UInt8(ascii: "/")).map {
                path.utf8.index(after: $0)
            } ?? path.startIndex)...]
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else {
            return ""
        }
        return Substring(name[name.index(after: dot)...]).lowercased()
    }
}
