import Base
import Foundation

/// Directory listing through readdir and fstatat: Foundation's costs several times as much per
/// file, which counts with a million of them.
enum Directory {
    struct Entry {
        let name: String
        let kind: FileKind
        let bytes: Int
        let identity: FileIdentity

        var isFolder: Bool { kind == .folder }
    }

    /// The entries of a folder in the order of their names' code points; hidden ones left out.
    ///
    /// Symbolic links are followed; one that leads nowhere is an error, and so is a name that is no
    /// text: what identifies a data set is made of names.
    static func entries(of path: String) throws(DatasetError) -> [Entry] {
        var entries: [Entry] = []
        try visit(FileName(path)) { (name, found) throws(DatasetError) in
            guard let text = String(validatingCString: name) else {
                throw DatasetError(
                    "\(path)/\(String(cString: name)): the name is not UTF-8; rename it")
            }
            switch found {
            case .success(let status):
                entries.append(
                    Entry(
                        name: text, kind: FileKind(status), bytes: Int(status.st_size),
                        identity: FileIdentity(status)))
            case .failure(let reason):
                throw reason.error(of: "\(path)/\(text)")
            }
        }
        // UTF-8 bytes sort as code points do, which is Python's order of strings.
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Why nothing is known of an entry but its name.
    struct Reason: Error {
        let code: Int32
        /// Whether it is a symbolic link to something that is not there.
        let leadsNowhere: Bool

        /// The error about the entry.
        func error(of path: String) -> DatasetError {
            guard leadsNowhere else { return .system(path, "cannot be read", code) }
            return DatasetError(
                "\(path): cannot be read: a symbolic link to something that is not there; mend or "
                    + "remove it")
        }
    }

    /// Calls `body` with each entry of a folder but hidden ones, in the order in which they lie
    /// there.
    ///
    /// - Parameter body: takes the name as the file system has it, and what it says of what the
    ///   name, or the link of this name, leads to.
    /// - Throws: `DatasetError` for a folder that cannot be listed; what `body` throws.
    static func visit(
        _ folder: FileName,
        _ body: (UnsafePointer<CChar>, Result<stat, Reason>) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        let listing = folder.withCString { path in
            Result { () throws(DatasetError) in
                try Folders.visit(path) { (name, descriptor) throws(DatasetError) in
                    guard name.pointee != CChar(bitPattern: UInt8(ascii: ".")) else { return }
                    try body(name, status(of: name, below: descriptor))
                }
            }
        }
        let code = try listing.get()
        guard code == 0 else {
            throw .system(folder.text, "cannot be read as a folder", code)
        }
    }

    private static func status(
        of name: UnsafePointer<CChar>, below folder: Int32
    ) -> Result<stat, Reason> {
        var status = stat()
        if fstatat(folder, name, &status, 0) == 0 { return .success(status) }
        let code = errno
        let isThere = fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0
        return .failure(Reason(code: code, leadsNowhere: code == ENOENT && isThere))
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

    /// A path without symbolic links; of what is not there, as far as its folders are.
    static func resolved(_ path: String) -> String {
        if let resolved = realpath(path, nil) {
            defer { free(resolved) }
            return String(cString: resolved)
        }
        let parent = Folders.parent(of: path)
        return parent == path ? path : "\(resolved(parent))/\(name(of: path))"
    }
}

/// A path, or a name in one, as the file system has it: bytes that need not be text.
struct FileName: Sendable {
    /// Without a NUL at the end.
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// For people: what is no UTF-8 becomes U+FFFD.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (bytes + [0]).withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { preconditionFailure("a NUL") }
                return body(start)
            }
        }
    }
}

/// Endings of files' names, in lower case, by what they promise; what a file is its content says.
enum FileEndings {
    /// Images.
    static let images: Set<String> = ["jpg", "jpeg", "png"]

    /// Images that cannot be read, in the order in which they are told.
    static let otherImages = [
        "webp", "bmp", "tif", "tiff", "gif", "heic", "heif", "avif", "jxl", "jp2", "j2k", "jfif",
        "jpe", "svg", "ppm", "pgm", "pbm", "pnm", "tga", "ico", "exr", "hdr", "dds", "psd", "dng",
        "cr2", "cr3", "nef", "arw", "raw",
    ]

    /// Archives that cannot be read at random.
    static let compressed: Set<String> = ["gz", "tgz", "bz2", "xz", "zst", "zip"]
}
