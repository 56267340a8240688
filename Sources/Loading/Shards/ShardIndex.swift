import Base
import Foundation

/// Where every image of tar shards lies, so that any of them is one read away.
///
/// The file `index.tsv` is text with a tab between fields:
/// ```
/// understudy-index    2
/// content    <SHA-256 over the images' SHA-256, in order, or ->
/// shards    <count>
/// <name>    <bytes>    <SHA-256 of the shard, or ->
/// samples    <count>
/// <shard>    <offset>    <bytes>    <label>    <header>    <checksum, or ->    <path>
/// checksum    <CRC-32C of everything before this line>
/// ```
/// Offsets count from the shard's start to the image's data; `header` is the FNV-1a of the 512 bytes
/// before them, in 16 hexadecimal digits, and `checksum` the CRC-32C of the data, in 8. What `pack`
/// wrote has a checksum for every image, against which each read is checked; what was only scanned
/// has none. Backslashes, line feeds and carriage returns in names are written `\\`, `\n`, `\r`.
///
/// Version 1 lacks the checksums and the last line, and is read as well.
struct ShardIndex: Equatable {
    /// The file's name.
    static let file = "index.tsv"
    static let version = 2

    /// One tar file.
    struct Shard: Equatable {
        let name: String
        let bytes: Int
        /// In hexadecimal; nil where the shard was only scanned.
        let sha256: String?
    }

    /// In hexadecimal; nil where the shards were only scanned.
    var contentDigest: String?
    var shards: [Shard] = []
    var samples: [ImageDataset.Sample] = []
    /// The place of each sample.
    var places: [ShardStore.Place] = []
    /// The CRC-32C of each sample's image; empty where the shards were only scanned.
    var checksums: [UInt32] = []

    init() {}

    /// Walks shards, several at a time.
    init(scanning names: [String], in folder: String) throws(DatasetError) {
        let scans = try concurrentMap(
            names.count, workers: Cores.usable.count
        ) { number throws(DatasetError) in
            try ShardScan("\(folder)/\(names[number])")
        }
        for (name, scan) in zip(names, scans) { append(scan, name: name, sha256: nil) }
    }

    /// Appends a scanned shard's samples.
    mutating func append(_ scan: ShardScan, name: String, sha256: String?) {
        let number = Int32(shards.count)
        shards.append(Shard(name: name, bytes: scan.bytes, sha256: sha256))
        for entry in scan.entries {
            samples.append(entry.sample)
            places.append(
                ShardStore.Place(shard: number, offset: entry.offset, header: entry.header))
        }
    }

    /// What about shards is not as the index has it; nil if names and sizes are the same.
    func difference(from names: [String], in folder: String) throws(DatasetError) -> String? {
        let there = Set(names)
        for shard in shards {
            guard there.contains(shard.name) else { return "\(shard.name): is not there" }
            var status = stat()
            guard stat("\(folder)/\(shard.name)", &status) == 0 else {
                throw .system("\(folder)/\(shard.name)", "cannot be read")
            }
            if Int(status.st_size) != shard.bytes {
                return "\(shard.name): \(status.st_size) bytes, not \(shard.bytes)"
            }
        }
        let known = Set(shards.map(\.name))
        if let name = names.first(where: { !known.contains($0) }) { return "\(name): is new" }
        return names == shards.map(\.name) ? nil : "\(names[0]): is not the first"
    }
}

// MARK: - Text

extension ShardIndex {
    private static let title = "understudy-index"
    private static let tab = UInt8(ascii: "\t")
    /// How every index begins.
    private static let opening = Array("\(title)\t".utf8)
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let backslash = UInt8(ascii: "\\")

    /// The index as text.
    func text() -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(90 * samples.count + 100 * shards.count + 200)
        text += "\(Self.title)\t\(Self.version)\ncontent\t\(contentDigest ?? "-")\n".utf8
        text += "shards\t\(shards.count)\n".utf8
        for shard in shards {
            Self.append(shard.name, to: &text)
            text += "\t\(shard.bytes)\t\(shard.sha256 ?? "-")\n".utf8
        }
        text += "samples\t\(samples.count)\n".utf8
        for (index, (sample, place)) in zip(samples, places).enumerated() {
            for number in [Int(place.shard), place.offset, sample.bytes, sample.knownLabel] {
                text.append(decimal: number)
                text.append(Self.tab)
            }
            Self.append(hexadecimal: place.header, digits: 16, to: &text)
            text.append(Self.tab)
            if checksums.isEmpty {
                text.append(UInt8(ascii: "-"))
            } else {
                Self.append(hexadecimal: UInt64(checksums[index]), digits: 8, to: &text)
            }
            text.append(Self.tab)
            Self.append(sample.path, to: &text)
            text.append(Self.lineFeed)
        }
        let checksum = text.withUnsafeBytes { crc32c($0) }
        text += "checksum\t".utf8
        Self.append(hexadecimal: UInt64(checksum), digits: 8, to: &text)
        text.append(Self.lineFeed)
        return text
    }

    private static func append(hexadecimal value: UInt64, digits: Int, to text: inout [UInt8]) {
        for shift in stride(from: 4 * (digits - 1), through: 0, by: -4) {
            let digit = UInt8(value >> UInt64(shift) & 15)
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private static func append(_ name: String, to text: inout [UInt8]) {
        for byte in name.utf8 {
            switch byte {
            case lineFeed: text += [backslash, UInt8(ascii: "n")]
            case carriageReturn: text += [backslash, UInt8(ascii: "r")]
            case backslash: text += [backslash, backslash]
            default: text.append(byte)
            }
        }
    }

    /// Whether an index may be written to a path: nothing is there, or an index, whole or cut short.
    static func mayReplace(_ path: String) -> Bool {
        guard !FileKind.isMissing(path) else { return true }
        let count = opening.count + TextMark.longest
        guard let file = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)),
            let head = try? file.read(upToCount: count) ?? Data()
        else { return false }
        return opening.starts(with: withoutWindowsMarks(Array(head)).prefix(opening.count))
    }

    /// Reads an index; nil if there is none, or a file that is none, unless it stands for a pack's.
    ///
    /// - Throws: `DatasetError` with file and line if it is damaged.
    init?(contentsOf path: String) throws(DatasetError) {
        // What is no file, such as a folder of this name, is no index either.
        var status = stat()
        guard stat(path, &status) == 0, FileKind(status) == .file,
            let stored = try Descriptor.contents(of: path)
        else { return nil }
        // Samples and places take less than three times their lines.
        guard SystemMemory.canAllocate(3 * stored.count) else {
            throw .noMemory(path, stored.count)
        }
        let isOfPack = !FileKind.isMissing(
            "\(Folders.parent(of: path))/\(PackPlan.file)")
        let bytes = Self.withoutWindowsMarks(stored)
        guard isOfPack || bytes.starts(with: Self.opening) else { return nil }
        let parsed = bytes.withUnsafeBufferPointer { bytes in
            Result { () throws(FieldReader.Fault) in try ShardIndex(parsing: bytes) }
        }
        do { self = try parsed.get() } catch {
            throw DatasetError(
                "\(path):\(error.line): the index is damaged or of another version; "
                    + (isOfPack
                        ? "restore it, or pack anew into another folder: the pack's checksums are "
                            + "nowhere else" : "delete it, and the shards are indexed anew"))
        }
    }

    /// The text without the byte order mark and the carriage returns that an editor or a version
    /// control system on Windows puts in; a name's own carriage returns are escaped.
    private static func withoutWindowsMarks(_ text: [UInt8]) -> [UInt8] {
        let rest = text.dropFirst(TextMark.length(text))
        guard let end = rest.firstIndex(of: lineFeed), end > rest.startIndex,
            rest[end - 1] == carriageReturn
        else { return rest.count == text.count ? text : Array(rest) }
        var plain: [UInt8] = []
        plain.reserveCapacity(rest.count)
        for (index, byte) in zip(rest.indices, rest)
        where byte != carriageReturn || index + 1 == rest.endIndex || rest[index + 1] != lineFeed {
            plain.append(byte)
        }
        return plain
    }

    private init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(FieldReader.Fault) {
        var reader = FieldReader(bytes)
        guard try reader.word(Self.tab) == Self.title else { throw reader.fault }
        let version = try reader.number(Self.lineFeed)
        guard (1...Self.version).contains(version) else { throw reader.fault }
        guard try reader.word(Self.tab) == "content" else { throw reader.fault }
        contentDigest = try reader.hash()
        guard try reader.word(Self.tab) == "shards" else { throw reader.fault }
        let shardCount = try reader.number(Self.lineFeed)
        for _ in 0..<shardCount {
            let name = try reader.text(Self.tab)
            let size = try reader.number(Self.tab)
            shards.append(Shard(name: name, bytes: size, sha256: try reader.hash()))
        }
        guard try reader.word(Self.tab) == "samples" else { throw reader.fault }
        let sampleCount = try reader.number(Self.lineFeed)
        // A line has at least 27 bytes, so a damaged count cannot ask for more than the file holds.
        samples.reserveCapacity(min(sampleCount, bytes.count / 27))
        places.reserveCapacity(min(sampleCount, bytes.count / 27))
        for index in 0..<sampleCount {
            let fault = reader.fault
            let shard = try reader.number(Self.tab)
            let offset = try reader.number(Self.tab)
            let size = try reader.number(Self.tab)
            let label = try reader.number(Self.tab)
            let header = try reader.hexadecimal(digits: 16, Self.tab)
            if version > 1, let checksum = try reader.checksum(Self.tab) {
                // All images have one, or none has.
                guard checksums.count == index else { throw fault }
                checksums.append(checksum)
            } else if !checksums.isEmpty {
                throw fault
            }
            let path = try reader.text(Self.lineFeed)
            guard shard < shards.count, offset >= TarHeader.block,
                size <= shards[shard].bytes - offset
            else { throw fault }
            places.append(ShardStore.Place(shard: Int32(shard), offset: offset, header: header))
            samples.append(ImageDataset.Sample(path: path, label: label, bytes: size))
        }
        if version > 1 {
            let (fault, checksum) = (reader.fault, reader.checksumSoFar)
            guard try reader.word(Self.tab) == "checksum",
                try reader.hexadecimal(digits: 8, Self.lineFeed) == UInt64(checksum)
            else { throw fault }
        }
        guard reader.isAtEnd else { throw reader.fault }
    }
}

/// Reads fields byte by byte: splitting into Strings takes ten times as long, and an index has a
/// line for each of a million images.
private struct FieldReader {
    struct Fault: Error { let line: Int }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var line = 1

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    /// The CRC-32C of what was read so far.
    var checksumSoFar: UInt32 {
        crc32c(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[..<position])))
    }

    /// The present line cannot be read.
    var fault: Fault { Fault(line: line) }

    /// The bytes up to an end mark, which is skipped.
    private mutating func field(_ end: UInt8) throws(Fault) -> UnsafeBufferPointer<UInt8> {
        guard let start = bytes.baseAddress, position < bytes.count,
            let mark = memchr(start + position, Int32(end), bytes.count - position)
        else { throw fault }
        let length = start.distance(to: mark.assumingMemoryBound(to: UInt8.self)) - position
        defer {
            position += length + 1
            if end == 10 { line += 1 }
        }
        return UnsafeBufferPointer(rebasing: bytes[position..<position + length])
    }

    mutating func number(_ end: UInt8) throws(Fault) -> Int {
        let digits = try field(end)
        guard (1...15).contains(digits.count) else { throw fault }
        var value = 0
        for byte in digits {
            guard byte >= 48, byte <= 57 else { throw fault }
            value = value &* 10 &+ Int(byte &- 48)
        }
        return value
    }

    mutating func hexadecimal(digits count: Int, _ end: UInt8) throws(Fault) -> UInt64 {
        let digits = try field(end)
        return try value(ofHexadecimal: digits, count)
    }

    /// Eight hexadecimal digits; nil for `-`.
    mutating func checksum(_ end: UInt8) throws(Fault) -> UInt32? {
        let digits = try field(end)
        if digits.count == 1, digits[0] == UInt8(ascii: "-") { return nil }
        return UInt32(truncatingIfNeeded: try value(ofHexadecimal: digits, 8))
    }

    private func value(
        ofHexadecimal digits: UnsafeBufferPointer<UInt8>, _ count: Int
    ) throws(Fault) -> UInt64 {
        guard digits.count == count else { throw fault }
        var value: UInt64 = 0
        for byte in digits {
            switch byte {
            case 48...57: value = value << 4 | UInt64(byte - 48)
            case 97...102: value = value << 4 | UInt64(byte - 87)
            default: throw fault
            }
        }
        return value
    }

    mutating func text(_ end: UInt8) throws(Fault) -> String {
        let field = try field(end)
        guard !field.contains(92) else {
            var plain: [UInt8] = []
            var isEscaped = false
            for byte in field {
                if isEscaped {
                    switch byte {
                    case 92: plain.append(92)
                    case UInt8(ascii: "n"): plain.append(10)
                    case UInt8(ascii: "r"): plain.append(13)
                    default: throw fault
                    }
                    isEscaped = false
                } else if byte == 92 {
                    isEscaped = true
                } else {
                    plain.append(byte)
                }
            }
            guard !isEscaped, let text = String(validating: plain, as: UTF8.self) else {
                throw fault
            }
            return text
        }
        guard let text = String(validating: field, as: UTF8.self) else { throw fault }
        return text
    }

    mutating func word(_ end: UInt8) throws(Fault) -> String {
        String(decoding: try field(end), as: UTF8.self)
    }

    /// A SHA-256 at a line's end; nil for `-`.
    mutating func hash() throws(Fault) -> String? {
        let text = try word(10)
        if text == "-" { return nil }
        guard text.utf8.count == 64 else { throw fault }
        return text
    }
}
