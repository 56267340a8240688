/// The header block of a tar member, and the extended header records before it.
///
/// We read and write tar ourselves because we need what libraries keep to themselves: the offset of
/// each member's data. Formats: POSIX ustar and pax (IEEE Std 1003.1, `pax` utility), GNU long
/// names and numbers (GNU tar manual, "Basic Tar Format").
struct TarHeader {
    /// The unit of an archive: a header, and what data are padded to, in bytes.
    static let block = 512

    /// Why a header cannot be used; the archive's name and offset are added by who reads it.
    struct Fault: Error { let message: String }

    /// What a member is, as far as it matters here.
    enum Kind: Equatable {
        case file
        case link
        /// A folder, a device or a pipe, which has no data.
        case bare
        case sparse, multivolume
        /// The next member's name (GNU).
        case longName
        /// Something about the next member's link (GNU).
        case longLink
        /// Records about the next member (pax).
        case extended
        /// Records about all members that follow (pax).
        case global
        /// What some program added.
        case other
    }

    let kind: Kind
    /// The name's bytes, prefix included.
    let name: [UInt8]
    /// The size of the data that follows, in bytes; 0 for kinds without data.
    let size: Int

    /// Reads a block; nil for a block of zeros, which ends an archive.
    init?(parsing bytes: UnsafeRawBufferPointer) throws(Fault) {
        precondition(bytes.count == Self.block)
        if bytes.allSatisfy({ $0 == 0 }) { return nil }
        let stored = try Self.number(bytes[148..<156], "checksum")
        let sums = Self.checksums(bytes)
        guard stored == sums.unsigned || stored == sums.signed else {
            throw Fault(
                message: "damaged header: checksum \(stored), its bytes add up to \(sums.unsigned)")
        }
        var name = Self.text(bytes[0..<100])
        // GNU uses the prefix's place for other things, and the old format has none.
        if bytes[257..<263].elementsEqual("ustar\0".utf8) {
            let prefix = Self.text(bytes[345..<500])
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
        self.name = name
        kind = Self.kind(bytes[156], name: name)
        switch kind {
        case .bare, .link: size = 0
        default: size = try Self.number(bytes[124..<136], "size")
        }
    }

    private static func kind(_ type: UInt8, name: [UInt8]) -> Kind {
        switch type {
        // The old format marks a folder by its name alone.
        case 0: name.last == UInt8(ascii: "/") ? .bare : .file
        case UInt8(ascii: "0"), UInt8(ascii: "7"): .file
        case UInt8(ascii: "1"), UInt8(ascii: "2"): .link
        case UInt8(ascii: "3")...UInt8(ascii: "6"): .bare
        case UInt8(ascii: "S"): .sparse
        case UInt8(ascii: "M"): .multivolume
        case UInt8(ascii: "L"): .longName
        case UInt8(ascii: "K"): .longLink
        case UInt8(ascii: "x"), UInt8(ascii: "X"): .extended
        case UInt8(ascii: "g"): .global
        default: .other
        }
    }

    /// The sum of a header's bytes, its checksum field taken for blanks; some old programs added
    /// signed bytes.
    static func checksums(_ bytes: UnsafeRawBufferPointer) -> (unsigned: Int, signed: Int) {
        var (unsigned, signed) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            let byte = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            unsigned += Int(byte)
            signed += Int(Int8(bitPattern: byte))
        }
        return (unsigned, signed)
    }

    /// FNV-1a of a header: a short stand-in for all of it. Source: draft-eastlake-fnv, 64 bits.
    static func fingerprint(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }

    private static func text(_ field: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        Array(field.prefix { $0 != 0 })
    }

    /// A number in octal digits between blanks, or GNU's big-endian binary one.
    private static func number(
        _ field: Slice<UnsafeRawBufferPointer>, _ what: String
    ) throws(Fault) -> Int {
        var value = 0
        if let first = field.first, first & 0x80 != 0 {
            guard first == 0x80 else { throw Fault(message: "damaged header: negative \(what)") }
            for byte in field.dropFirst() {
                guard value <= Int.max >> 9 else {
                    throw Fault(message: "damaged header: the \(what) is too large")
                }
                value = value << 8 | Int(byte)
            }
            return value
        }
        let blanks: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == 0 }
        let digits = field.drop(while: blanks).prefix { !blanks($0) }
        for byte in digits {
            // 12 octal digits are 36 bits.
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) else {
                throw Fault(message: "damaged header: the \(what) is no octal number")
            }
            value = value << 3 | Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}

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
