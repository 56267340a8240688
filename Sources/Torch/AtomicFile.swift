import Base
import Foundation

/// Files that appear under their name whole and durable, or not at all.
///
/// What is written lies in `.tmp-<name>-<process>-<random>` beside the name until it is whole. The
/// writer holds a lock on it; the system drops the lock when the writer dies, however it dies. So a
/// temporary that nobody has locked is stale, and the next write to the same name removes it. Where
/// the file system has no locks nobody can tell, and temporaries stay.
///
/// A pipe or a device at the path is written to, and stays what it is.
package enum AtomicFile {
    /// Writes a temporary beside the path, flushes it to disk and renames it.
    ///
    /// - Throws: `TorchError` naming the path; then the path holds what it held before.
    package static func write(_ data: Data, to path: String) throws(TorchError) {
        try write(to: path) { (descriptor) throws(TorchError) in
            try append(Array(data), to: descriptor, path)
        }
    }

    /// Removes what killed writers left in a folder.
    ///
    /// - Parameter isOurs: whether files of a name are the caller's to clean up after.
    package static func removeStale(in folder: String, of isOurs: (String) -> Bool) {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for entry in entries {
            guard let name = TemporaryName(entry)?.name, isOurs(name) else { continue }
            let path = "\(folder)/\(entry)"
            let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                (try? FileLock.take(descriptor, path: path)) == .held
            else { continue }
            // What cannot be removed costs space only.
            unlink(path)
        }
    }

    /// Lets `body` fill the temporary's descriptor.
    static func write(
        to path: String, _ body: (Int32) throws(TorchError) -> Void
    ) throws(TorchError) {
        if isStream(path) { return try send(to: path, body) }
        let (folder, name) = split(path)
        removeStale(in: folder) { $0 == name }
        let (temporary, descriptor) = try create(folder, name, path)
        // The lock is held until the file has its name.
        defer { close(descriptor) }
        do throws(TorchError) {
            try body(descriptor)
            // Also reports what a network file system could not store. Some cannot flush, and say so
            // with EINVAL.
            guard fsync(descriptor) == 0 || errno == EINVAL, rename(temporary, path) == 0 else {
                throw failure(path)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        synchronize(folder: folder)
    }

    /// Whether a path leads to a pipe or a device, which takes bytes one after another.
    package static func isStream(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return [S_IFIFO, S_IFCHR].contains(status.st_mode & S_IFMT)
    }

    /// Lets `body` fill a file without a name, whose bytes are then written to a stream.
    private static func send(
        to path: String, _ body: (Int32) throws(TorchError) -> Void
    ) throws(TorchError) {
        // A pipe that nobody reads from would let the opening wait for ever.
        let stream = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard stream >= 0 else {
            guard errno != ENXIO else {
                throw TorchError(operation: "file", message: "\(path): nobody reads from this pipe")
            }
            throw failure(path)
        }
        defer { close(stream) }
        guard fcntl(stream, F_SETFL, 0) == 0 else { throw failure(path) }
        let spool: Int32
        do { spool = try NamelessFile.make(for: "output") } catch {
            throw TorchError(operation: "file", message: error.description)
        }
        defer { close(spool) }
        try body(spool)
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while true {
            let count = pread(spool, &piece, piece.count, off_t(offset))
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return }
            try append(Array(piece[..<count]), to: stream, path)
            offset += count
        }
    }

    /// Makes and locks a temporary of a new name.
    private static func create(
        _ folder: String, _ name: String, _ path: String
    ) throws(TorchError) -> (path: String, descriptor: Int32) {
        guard !name.isEmpty else { throw failure(path, path.isEmpty ? ENOENT : EISDIR) }
        while true {
            let temporary = "\(folder)/\(TemporaryName(of: name))"
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            if descriptor < 0 {
                if errno == EEXIST { continue }
                throw failure(path)
            }
            // Another writer's cleaning may come between open and lock: then take a new name.
            let lock = (try? FileLock.take(descriptor, path: temporary)) ?? .unavailable
            var status = stat()
            if lock != .busy, fstat(descriptor, &status) == 0, status.st_nlink > 0 {
                return (temporary, descriptor)
            }
            unlink(temporary)
            close(descriptor)
        }
    }

    /// Writes bytes at the descriptor's end.
    static func append(
        _ bytes: [UInt8], to descriptor: Int32, _ path: String
    ) throws(TorchError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(TorchError) in
            try append(UnsafeRawBufferPointer(bytes), to: descriptor, path)
        }
    }

    /// Writes bytes at the descriptor's end.
    static func append(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
    ) throws(TorchError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = Foundation.write(descriptor, piece.baseAddress, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(path) }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes renames in a folder durable. A file system that cannot do so keeps the renames
    /// themselves.
    private static func synchronize(folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }

    /// A path's folder and the name in it.
    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }

    private static func failure(_ path: String, _ code: Int32 = errno) -> TorchError {
        let advice = roomAdvice(code).map { "; \($0), what was at the path is kept" } ?? ""
        return TorchError(operation: "file", message: "\(path): \(errnoText(code))\(advice)")
    }
}
