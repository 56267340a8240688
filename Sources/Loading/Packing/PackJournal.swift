import Base
import Foundation

/// The SHA-256 of the shards that an unfinished pack has written: the file `shards.sha256`, a line
/// to each as `sha256sum` writes and checks it.
///
/// A line is on the disk before its shard has its name, so what a killed run left can be told from
/// what was damaged since. When the pack is whole its index says the same, and the file goes.
struct PackJournal {
    /// The file's name.
    static let file = "shards.sha256"

    private let path: String
    /// Whether the file ends within a line, as a kill leaves it.
    private var isTorn = false
    /// The SHA-256 by the shards' names.
    private var digests: [String: String] = [:]

    /// Reads what a folder has; nothing where it has no journal.
    ///
    /// A line that is no line, such as a torn one at the end, says nothing.
    init(in folder: String) throws(DatasetError) {
        path = "\(folder)/\(Self.file)"
        guard let bytes = try Descriptor.contents(of: path, limit: 1 << 30) else { return }
        isTorn = bytes.last.map { $0 != UInt8(ascii: "\n") } ?? false
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.components(separatedBy: "  ")
            guard fields.count == 2, fields[0].utf8.count == 64 else { continue }
            // A shard that was written twice has the digest of the second.
            digests[fields[1]] = fields[0]
        }
    }

    /// The digest of a shard as it was written; nil if nobody has noted it.
    func digest(of shard: String) -> String? { digests[shard] }

    /// Notes a shard, durably.
    mutating func append(_ digest: String, of shard: String) throws(DatasetError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(path, "cannot be written") }
        defer { close(descriptor) }
        let line = Array("\(isTorn ? "\n" : "")\(digest)  \(shard)\n".utf8)
        let written = line.withUnsafeBytes {
            Foundation.write(descriptor, $0.baseAddress, $0.count)
        }
        guard written == line.count, fsync(descriptor) == 0 else {
            // A write that comes to less than a line has met the end of the disk.
            let isCut = written >= 0 && written < line.count
            throw .system(path, "cannot be written", isCut ? ENOSPC : errno)
        }
        isTorn = false
        digests[shard] = digest
    }

    /// Removes the file, which has served.
    func remove() { unlink(path) }
}
