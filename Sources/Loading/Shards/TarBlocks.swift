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
