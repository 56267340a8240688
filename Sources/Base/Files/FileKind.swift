import Foundation

/// What lies at a path, as far as reading it is concerned.
package enum FileKind: Equatable, Sendable {
    case file, folder, pipe, socket, device

    /// The kind that the system's answer about a path tells.
    package init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .folder
        case S_IFIFO: self = .pipe
        case S_IFSOCK: self = .socket
        default: self = .device
        }
    }

    /// What lies at a path, or where a link of that path leads; `nil` for nothing.
    ///
    /// - Throws: `SystemFailure` where the system does not say, as for want of a permission.
    package static func at(_ path: String) throws(SystemFailure) -> FileKind? {
        var status = stat()
        if stat(path, &status) == 0 { return FileKind(status) }
        let code = errno
        guard isAbsence(code) else { throw SystemFailure("\(path): cannot be looked at", code) }
        return nil
    }

    /// Whether nothing lies at a path.
    ///
    /// Where the system does not say, something may: whoever then opens it is told why that cannot be
    /// done.
    package static func isMissing(_ path: String) -> Bool {
        access(path, F_OK) != 0 && isAbsence(errno)
    }

    /// Whether an `errno` says that there is nothing at a path.
    static func isAbsence(_ code: Int32) -> Bool { code == ENOENT || code == ENOTDIR }

    /// The kind in words: `a pipe`.
    package var noun: String {
        switch self {
        case .file: "a file"
        case .folder: "a folder"
        case .pipe: "a pipe"
        case .socket: "a socket"
        case .device: "a device"
        }
    }
}

/// What all names of a file have in common, whatever their paths.
package struct FileIdentity: Hashable, Sendable {
    private let device: UInt
    private let number: UInt

    /// The file that the system's answer is about.
    package init(_ status: stat) {
        device = UInt(status.st_dev)
        number = UInt(status.st_ino)
    }

    /// The file that a path leads to; `nil` if there is none.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// An open file; `nil` for what is not open.
    package init?(_ descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }
}
