import Foundation
import Synchronization

/// Files that are read whole because they are small: recipes, cards, states.
package enum BoundedFile {
    /// Reads a file, a pipe or a device to its end, if that comes within `limit` bytes.
    ///
    /// A pipe can be read once only. What came through it is kept, so that a second reading in the
    /// same process finds it again.
    ///
    /// - Parameter patience: how long a pipe may stay without anybody who writes to it.
    /// - Returns: the bytes, or `nil` where there are more; no more than those are read.
    /// - Throws: `SystemFailure` with the path and the system's reason; `EISDIR` for a folder, and
    ///   `EINTR` after a signal.
    package static func read(
        _ path: String, limit: Int, patience: Duration = .seconds(5)
    ) throws(SystemFailure) -> [UInt8]? {
        // Without blocking: opening a pipe would wait for its writer, whatever signal comes.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { throw SystemFailure(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemFailure(path) }
        if FileKind(status) == .file {
            guard status.st_size <= limit else { return nil }
            // Grown as it is read, an array takes up to three times its bytes.
            guard SystemMemory.canAllocate(3 * Int(status.st_size)) else {
                throw SystemFailure(path, ENOMEM)
            }
        }
        guard FileKind(status) == .pipe else {
            return try bytes(descriptor, path, limit, nil)
        }
        let pipe = Pipe(path: path, identity: FileIdentity(status))
        if let kept = kept.withLock({ $0[pipe] }) { return kept.count > limit ? nil : kept }
        let bytes = try bytes(descriptor, path, limit, patience)
        if let bytes { kept.withLock { $0[pipe] = bytes } }
        return bytes
    }

    /// The text of a file of the system's, such as those in /proc; `nil` where it cannot be read.
    static func text(of path: String) -> String? {
        guard let bytes = try? read(path, limit: 4 << 20) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A pipe. Once it is removed another file may get its number, but hardly under its path.
    private struct Pipe: Hashable {
        let path: String
        let identity: FileIdentity
    }

    /// What came through the pipes that were read.
    private static let kept = Mutex<[Pipe: [UInt8]]>([:])

    /// - Parameter patience: for a pipe that nobody writes to; `nil` for what is no pipe.
    private static func bytes(
        _ descriptor: Int32, _ path: String, _ limit: Int, _ patience: Duration?
    ) throws(SystemFailure) -> [UInt8]? {
        let start = ContinuousClock.now
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(descriptor, &piece, piece.count)
            let code = errno
            if count > 0 {
                bytes += piece[..<count]
                if bytes.count > limit { return nil }
                continue
            }
            if count == 0 {
                guard let patience, bytes.isEmpty, !hasHungUp(descriptor) else { return bytes }
                guard ContinuousClock.now - start < patience else {
                    throw SystemFailure(path, ETIMEDOUT, reason: "nobody writes to this pipe")
                }
                // Without a writer, the pipe would not wait for one.
                usleep(20_000)
            } else if code == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&waiting, 1, 100)
            } else if code != EINTR {
                throw SystemFailure(path, code)
            }
            guard !Interruption.requested else {
                throw SystemFailure(path, EINTR, reason: "stopped before all of it was there")
            }
        }
    }

    /// Whether a pipe had writers and has none any more.
    private static func hasHungUp(_ descriptor: Int32) -> Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 0) > 0 && state.revents & Int16(POLLHUP) != 0
    }
}
