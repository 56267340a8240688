import Base
import Foundation

/// Files that appear under their name whole and durable, or not at all.
public enum AtomicFile {
    /// Writes a temporary beside the path, flushes it to disk and renames it.
    ///
    /// - Throws: `TorchError` naming the path; then the path holds what it held before.
    public static func write(_ data: Data, to path: String) throws(TorchError) {
        try write(to: path) { (descriptor) throws(TorchError) in
            try append(Array(data), to: descriptor, path)
        }
    }

    /// Lets `body` fill the temporary's descriptor.
    static func write(
        to path: String, _ body: (Int32) throws(TorchError) -> Void
    ) throws(TorchError) {
        let temporary = "\(path).\(getpid()).tmp"
        do throws(TorchError) {
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw failure(path) }
            var isOpen = true
            defer { if isOpen { close(descriptor) } }
            try body(descriptor)
            guard fsync(descriptor) == 0 else { throw failure(path) }
            // close reports what a network file system could not store.
            isOpen = false
            guard close(descriptor) == 0, rename(temporary, path) == 0 else { throw failure(path) }
        } catch {
            unlink(temporary)
            throw error
        }
        syncFolder(of: path)
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

    /// Makes the rename durable. A file system that cannot do so keeps the rename itself.
    private static func syncFolder(of path: String) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ path: String) -> TorchError {
        let code = errno
        let advice =
            code == ENOSPC || code == EDQUOT
            ? "; make room and run again, what was at the path is kept" : ""
        return TorchError(
            operation: "file", message: "\(path): \(errnoText(code))\(advice)")
    }
}
