import Base
import Crypto
import Foundation

/// A shard that appears under its name whole and durable, or not at all.
struct ShardWriter: ~Copyable {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private var pending: [UInt8] = []
    private var hash = SHA256()
    /// Bytes written so far.
    private(set) var size = 0

    /// Starts a temporary beside the path; one that a killed run left is overwritten.
    init(_ path: String) throws(DatasetError) {
        self.path = path
        temporary = "\(path).tmp"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(temporary, "cannot be made") }
    }

    deinit {
        // After a rename there is nothing of this name left.
        unlink(temporary)
        close(descriptor)
    }

    /// Appends an image and its label.
    ///
    /// - Returns: where the image's data start, and its header's fingerprint.
    mutating func append(
        _ name: MemberName, _ data: [UInt8], label: Int
    ) throws(DatasetError) -> (offset: Int, header: UInt64) {
        let header = TarBlocks.header(name: name.image, size: data.count, source: name.source)
        try write(header)
        let offset = size
        try write(data)
        try write(TarBlocks.padding(data.count))
        let text = Array("\(label)".utf8)
        try write(TarBlocks.header(name: name.label, size: text.count))
        try write(text + TarBlocks.padding(text.count))
        let fingerprint = header.suffix(TarHeader.block).withUnsafeBytes {
            TarHeader.fingerprint($0)
        }
        return (offset, fingerprint)
    }

    /// Ends the archive and flushes it to the disk.
    ///
    /// - Returns: the SHA-256 of the file, in hexadecimal.
    mutating func finish() throws(DatasetError) -> String {
        try write(TarBlocks.end)
        try flush()
        guard fsync(descriptor) == 0 else { throw failure() }
        return hexadecimal(hash.finalize())
    }

    /// Gives the finished archive its name.
    consuming func publish() throws(DatasetError) {
        guard rename(temporary, path) == 0 else { throw failure() }
        synchronizeFolder(Folders.parent(of: path))
    }

    private mutating func write(_ bytes: [UInt8]) throws(DatasetError) {
        pending += bytes
        size += bytes.count
        if pending.count >= 1 << 20 { try flush() }
    }

    private mutating func flush() throws(DatasetError) {
        hash.update(data: pending)
        let isWritten = pending.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = UnsafeRawBufferPointer(rebasing: rest)
                let count = Foundation.write(descriptor, piece.baseAddress, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
        guard isWritten else { throw failure() }
        pending.removeAll(keepingCapacity: true)
    }

    private func failure() -> DatasetError {
        let code = errno
        return DatasetError(
            "\(path): cannot be written: \(errnoText(code))"
                + (roomAdvice(code).map { "; \($0), whole shards are kept" } ?? ""),
            cause: .system(code))
    }
}

/// Makes renames in a folder durable. A file system that cannot do so keeps the renames themselves.
private func synchronizeFolder(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
}
