import Foundation

/// Files that are read at any place and more than once: weights, responses, caches.
package enum RegularFile {
    /// Why a path is not opened, in words that follow it.
    package struct Refusal: Error, CustomStringConvertible, Equatable, Sendable {
        /// The reason: the system's, or `is a pipe, not a file`.
        package let description: String
        /// The `errno` where the reason is the system's.
        package let code: Int32?
    }

    /// Opens a file for reading.
    ///
    /// What is no file is refused at once: a pipe to which nobody writes would hold up whoever
    /// opens it.
    ///
    /// - Returns: a descriptor that the caller closes.
    package static func open(_ path: String) throws(Refusal) -> Int32 {
        var status = stat()
        let descriptor = descriptor(path)
        guard descriptor >= 0 else {
            let code = errno
            // A socket cannot even be opened, and the system's reason would puzzle.
            if code == ENXIO, stat(path, &status) == 0 { throw refusal(FileKind(status)) }
            throw Refusal(description: errnoText(code), code: code)
        }
        guard fstat(descriptor, &status) == 0, FileKind(status) == .file else {
            close(descriptor)
            throw refusal(FileKind(status))
        }
        return descriptor
    }

    /// Bytes of the file at a path; `nil` if there is no regular file.
    ///
    /// One of which the system does not say is there, with 0: it is not to be made anew, and whoever
    /// reads it is told why that cannot be done.
    package static func bytes(at path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0 else { return FileKind.isAbsence(errno) ? nil : 0 }
        return FileKind(status) == .file ? Int(status.st_size) : nil
    }

    /// Opens whatever is there for reading, without blocking; -1 and `errno` where that fails.
    ///
    /// - Parameter folder: the open folder at which the path starts; by default the working one.
    package static func descriptor(
        _ path: UnsafePointer<CChar>, below folder: Int32 = AT_FDCWD
    ) -> Int32 {
        while true {
            let descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
            if descriptor >= 0 || errno != EINTR { return descriptor }
        }
    }

    private static func refusal(_ kind: FileKind) -> Refusal {
        let advice = kind == .pipe ? "; save what comes through it as one" : ""
        return Refusal(description: "is \(kind.noun), not a file\(advice)", code: nil)
    }
}
