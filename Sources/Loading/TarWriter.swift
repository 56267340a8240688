import Base
import Crypto
import Foundation

/// Blocks of a tar archive, the same for the same input: no user, a fixed time.
enum TarBlocks {
    /// 1980-01-01, the earliest time that every archiver takes without a warning.
    private static let time = 315_532_800
    /// What 12 octal digits hold, in bytes.
    static let maximalSize = 1 << 33

    /// What comes before a member's data: its header, with pax records before it where the name
    /// does not fit or the image's path is another one.
    ///
    /// - Returns: blocks; the last one is the member's own header.
    static func header(name: String, size: Int, source: String? = nil) -> [UInt8] {
        precondition(size < maximalSize, "12 octal digits hold sizes below 8 GiB")
        let split = split(Array(name.utf8))
        var records: [UInt8] = []
        if split == nil { records += record("path", name) }
        if let source { records += record("comment", TarExtension.sourceMark + source) }
        var blocks: [UInt8] = []
        if !records.isEmpty {
            blocks += block(
                prefix: [], name: Array("pax".utf8), size: records.count, type: UInt8(ascii: "x"))
            blocks += records + padding(records.count)
        }
        let (prefix, base) = split ?? ([], Array(name.utf8.prefix(100)))
        return blocks + block(prefix: prefix, name: base, size: size, type: UInt8(ascii: "0"))
    }

    /// The zeros that fill data up to whole blocks.
    static func padding(_ size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (TarHeader.block - size % TarHeader.block) % TarHeader.block)
    }

    /// Two blocks of zeros.
    static let end = [UInt8](repeating: 0, count: 2 * TarHeader.block)

    /// A name as ustar's prefix and name; nil if it is too long for them.
    private static func split(_ name: [UInt8]) -> (prefix: [UInt8], name: [UInt8])? {
        if name.count <= 100 { return ([], name) }
        // The slash between the two is not stored.
        for slash in name.indices where name[slash] == UInt8(ascii: "/") {
            let rest = name.count - slash - 1
            if (1...155).contains(slash), (1...100).contains(rest) {
                return (Array(name[..<slash]), Array(name[(slash + 1)...]))
            }
        }
        return nil
    }

    private static func block(
        prefix: [UInt8], name: [UInt8], size: Int, type: UInt8
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.block)
        func put(_ bytes: some Collection<UInt8>, at offset: Int) {
            block.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
        func octal(_ value: Int, digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
        }
        put(name, at: 0)
        put(octal(0o644, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(time, digits: 11), at: 136)
        put([type], at: 156)
        put(Array("ustar\0".utf8) + Array("00".utf8), at: 257)
        put(octal(0, digits: 7), at: 329)
        put(octal(0, digits: 7), at: 337)
        put(prefix, at: 345)
        let sum = block.withUnsafeBytes { TarHeader.checksums($0).unsigned }
        put(octal(sum, digits: 6) + [0, UInt8(ascii: " ")], at: 148)
        return block
    }

    /// `<length> <key>=<value>\n`, where the length counts its own digits.
    private static func record(_ key: String, _ value: String) -> [UInt8] {
        let rest = " \(key)=\(value)\n".utf8
        var length = rest.count
        while "\(length)".utf8.count + rest.count != length {
            length = "\(length)".utf8.count + rest.count
        }
        return Array("\(length)".utf8) + Array(rest)
    }
}

/// A shard that appears under its name whole and durable, or not at all.
struct ShardWriter: ~Copyable {
    private var file: AtomicFile
    private var pending: [UInt8] = []
    private var hash = SHA256()
    /// Bytes written so far.
    private(set) var size = 0

    /// Starts a temporary beside the path; one that a killed run left is removed.
    init(_ path: String) throws(DatasetError) {
        do { file = try AtomicFile(path) } catch {
            throw DatasetError(
                "\(path): cannot be made: \(error.reason)", cause: .system(error.code))
        }
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
        do { try file.flush() } catch { throw unwritten(error) }
        return hexadecimal(hash.finalize())
    }

    /// Gives the finished archive its name.
    mutating func publish() throws(DatasetError) {
        do { try file.publish() } catch { throw unwritten(error) }
    }

    private mutating func write(_ bytes: [UInt8]) throws(DatasetError) {
        pending += bytes
        size += bytes.count
        if pending.count >= 1 << 20 { try flush() }
    }

    private mutating func flush() throws(DatasetError) {
        hash.update(data: pending)
        do { try file.append(pending) } catch { throw unwritten(error) }
        pending.removeAll(keepingCapacity: true)
    }

    private func unwritten(_ failure: SystemFailure) -> DatasetError {
        let advice = roomAdvice(failure.code, kept: "whole shards are kept")
        return DatasetError(
            "\(file.path): cannot be written: \(failure.reason)\(advice)",
            cause: .system(failure.code))
    }
}

/// The names of a sample's members.
struct MemberName: Equatable {
    let image: String
    let label: String
    /// The image's path, where the name is another one.
    let source: String?
}

/// Gives the samples of one shard names that WebDataset's key rule keeps apart.
///
/// A name is the image's path with the dots of its last component, but the ending's, replaced by
/// `_`. Absolute paths lose their slash and `..` becomes `__`, for names that a careless unpacking
/// cannot use to write elsewhere. A name that is taken gets a number.
struct MemberNames {
    private var keys: Set<[UInt8]> = []

    /// - Parameters:
    ///   - path: the image's path.
    ///   - ending: the ending of the image's kind, for a path without one.
    mutating func next(_ path: String, ending: String) -> MemberName {
        var components = path.split(separator: "/").filter { $0 != "." }
            .map { $0 == ".." ? "__" : String($0) }
        if let first = components.first, ShardScan.isNote(first) { components[0] = "-" + first }
        var base = components.popLast() ?? ""
        var suffix = ending
        if let dot = base.lastIndex(of: "."), dot != base.startIndex,
            ImageDataset.extensions.contains(base[base.index(after: dot)...].lowercased())
        {
            suffix = String(base[base.index(after: dot)...])
            base = String(base[..<dot])
        }
        base = base.replacingOccurrences(of: ".", with: "_")
        if base.isEmpty { base = "_" }
        let folder = components.map { "\($0)/" }.joined()
        var key = folder + base
        var number = 2
        while !keys.insert(Array(key.utf8)).inserted {
            key = "\(folder)\(base)-\(number)"
            number += 1
        }
        let image = "\(key).\(suffix)"
        return MemberName(
            image: image, label: "\(key).cls",
            source: image.utf8.elementsEqual(path.utf8) ? nil : path)
    }
}
