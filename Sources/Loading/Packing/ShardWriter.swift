import Base
import Crypto
import Foundation

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
            FileEndings.images.contains(base[base.index(after: dot)...].lowercased())
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
