import Foundation

/// Files that are read whole because they are small: recipes, cards, states.
public enum BoundedFile {
    /// Reads a file, a pipe or a device to its end, if that comes within `limit` bytes.
    ///
    /// - Returns: the bytes, or `nil` where there are more; no more than those are read.
    /// - Throws: `SystemFailure` with the path and the system's reason; `EISDIR` for a folder.
    public static func read(_ path: String, limit: Int) throws(SystemFailure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFailure(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemFailure(path) }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            if bytes.count > limit { return nil }
        }
    }
}
