/// The pax records that change how a member is read.
struct TarExtension {
    /// The member's whole name.
    var name: [UInt8]?
    /// The size, where the header's field is too small for it.
    var size: Int?
    /// Whether the member has holes.
    var isSparse = false
    /// The path of an image before it was packed.
    var source: [UInt8]?

    /// How the comment begins in which `understudy pack` keeps a path that it could not use as a
    /// name. GNU tar warns of records that it does not know, and knows comments.
    static let sourceMark = "understudy path="

    /// Lays records, `<length> <key>=<value>\n` each, over these.
    mutating func apply(_ bytes: [UInt8]) throws(TarHeader.Fault) {
        var rest = bytes[...]
        while let first = rest.first, first != 0 {
            let digits = rest.prefix { $0 != UInt8(ascii: " ") }
            guard let length = LabelColumn.number(digits), length <= rest.count,
                length >= digits.count + 4, rest[rest.startIndex + length - 1] == 10
            else { throw TarHeader.Fault(message: "damaged pax records") }
            let record = rest[(digits.endIndex + 1)..<(rest.startIndex + length - 1)]
            guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
                throw TarHeader.Fault(message: "damaged pax records")
            }
            try set(
                String(decoding: record[..<equals], as: UTF8.self), record[(equals + 1)...])
            rest = rest[(rest.startIndex + length)...]
        }
    }

    private mutating func set(_ key: String, _ value: ArraySlice<UInt8>) throws(TarHeader.Fault) {
        switch key {
        // An empty value takes the record back.
        case "path": name = value.isEmpty ? nil : Array(value)
        case "comment":
            guard value.starts(with: Self.sourceMark.utf8) else { return }
            source = Array(value.dropFirst(Self.sourceMark.utf8.count))
        case "size":
            guard value.isEmpty || value.count <= 18, let number = Self.number(value) else {
                throw TarHeader.Fault(message: "damaged pax records: the size is no number")
            }
            size = value.isEmpty ? nil : number
        default:
            if key.hasPrefix("GNU.sparse.") { isSparse = true }
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
