/// The JSON header of a safetensors file, read strictly and checked against the file's size.
///
/// A general JSON reader would be laxer than the format: it keeps one of two equal names, accepts
/// `1.0` for a length, and recurses as deep as the file tells it to. This one reads just the
/// header's grammar, in one pass, without recursion.
///
/// Source: https://github.com/huggingface/safetensors, README, "Format".
struct SafetensorsHeader: Equatable {
    struct Entry: Equatable {
        var name: String
        var dtype: DType
        var shape: [Int]
        /// From the start of the data section.
        var bytes: Range<Int>
    }

    struct Seal: Equatable {
        var digits: String
        var place: Range<Int>
    }

    /// What is wrong, without the path, which the caller adds.
    struct Problem: Error {
        var message: String
        /// The `errno` where the system is to blame, and not the file.
        var code: Int32?
    }

    /// In the order of the header.
    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]
    /// The digits of the file's own checksums, and where they stand in the JSON.
    private(set) var seal: Seal?

    static let names: [(String, DType)] = [
        ("F32", .float32), ("BF16", .bfloat16), ("F16", .float16), ("F64", .float64),
        ("I64", .int64), ("U8", .uint8), ("BOOL", .bool),
    ]

    /// - Parameters:
    ///   - json: the header's text, padded with spaces at its end.
    ///   - dataSize: the bytes that follow it.
    init(json: UnsafeRawBufferPointer, dataSize: Int) throws(Problem) {
        var scanner = Scanner(bytes: json)
        var names = Set<String>()
        try scanner.object("the header") { (scanner, name) throws(Problem) in
            if name == "__metadata__" {
                guard names.insert(name).inserted else {
                    throw Problem(message: "the name '__metadata__' appears twice")
                }
                try readMetadata(&scanner)
                return
            }
            guard names.insert(name).inserted else {
                throw Problem(message: "the name '\(name)' appears twice")
            }
            entries.append(try SafetensorsHeader.readEntry(&scanner, name: name))
        }
        try scanner.end()
        try check(dataSize: dataSize)
    }

    private mutating func readMetadata(_ scanner: inout Scanner) throws(Problem) {
        var found: [String: String] = [:]
        try scanner.object("__metadata__") { (scanner, key) throws(Problem) in
            let value = try scanner.string("the value of metadata '\(key)'")
            if key == SafetensorsSeal.key {
                let end = scanner.position - 1
                guard seal == nil else {
                    throw Problem(message: "the metadata '\(key)' appears twice")
                }
                seal = Seal(digits: value, place: max(end - value.utf8.count, 0)..<end)
                return
            }
            guard found.updateValue(value, forKey: key) == nil else {
                throw Problem(message: "the metadata '\(key)' appears twice")
            }
        }
        metadata = found
    }

    private static func readEntry(
        _ scanner: inout Scanner, name: String
    ) throws(Problem) -> Entry {
        var dtype: DType?
        var shape: [Int]?
        var offsets: [Int]?
        var keys = Set<String>()
        try scanner.object("'\(name)'") { (scanner, key) throws(Problem) in
            guard keys.insert(key).inserted else {
                throw Problem(message: "'\(name)' has '\(key)' twice")
            }
            switch key {
            case "dtype":
                let text = try scanner.string("the dtype of '\(name)'")
                guard let known = names.first(where: { $0.0 == text }) else {
                    let list = names.map(\.0).joined(separator: ", ")
                    throw Problem(
                        message: "'\(name)' has the dtype '\(text)', which is not read; convert it "
                            + "to one of \(list)")
                }
                dtype = known.1
            case "shape": shape = try scanner.integers("the shape of '\(name)'")
            case "data_offsets": offsets = try scanner.integers("the data_offsets of '\(name)'")
            default:
                throw Problem(
                    message: "'\(name)' has the unknown key '\(key)'; "
                        + "known: dtype, shape, data_offsets")
            }
        }
        guard let dtype, let shape, let offsets else {
            throw Problem(message: "'\(name)' needs dtype, shape and data_offsets")
        }
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw Problem(message: "'\(name)' has the data_offsets \(offsets), not [begin, end]")
        }
        guard shape.count <= 64 else {  // libtorch's own limit on rank
            throw Problem(message: "'\(name)' has \(shape.count) dimensions; at most 64 are read")
        }
        guard let size = shape.byteCount(of: dtype) else {
            throw Problem(message: "'\(name)' has the shape \(shape), too large to address")
        }
        guard size == offsets[1] - offsets[0] else {
            throw Problem(
                message: "'\(name)' of \(dtype.rawValue) \(shape) needs \(size) bytes, "
                    + "its data_offsets \(offsets) hold \(offsets[1] - offsets[0])")
        }
        return Entry(name: name, dtype: dtype, shape: shape, bytes: offsets[0]..<offsets[1])
    }

    /// The tensors must tile the data section: no overlap, no gap, nothing outside.
    private func check(dataSize: Int) throws(Problem) {
        let ordered = entries.sorted {
            ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
        }
        var end = 0
        var before = "the header"
        for entry in ordered {
            guard entry.bytes.upperBound <= dataSize else {
                throw Problem(
                    message: "'\(entry.name)' ends at byte \(entry.bytes.upperBound) of the data, "
                        + "which has \(dataSize): the file is truncated or hostile")
            }
            guard entry.bytes.lowerBound >= end else {
                throw Problem(message: "'\(entry.name)' overlaps \(before)")
            }
            guard entry.bytes.lowerBound == end else {
                throw Problem(
                    message: "\(entry.bytes.lowerBound - end) unused bytes before '\(entry.name)'")
            }
            end = entry.bytes.upperBound
            before = "'\(entry.name)'"
        }
        guard end == dataSize else {
            throw Problem(message: "\(dataSize - end) unused bytes after \(before)")
        }
    }
}

// MARK: - JSON, the part that a header may use

private struct Scanner {
    typealias Problem = SafetensorsHeader.Problem

    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Reads `{"key": value, …}`; the body reads each value.
    mutating func object(
        _ what: String, _ body: (inout Scanner, String) throws(Problem) -> Void
    ) throws(Problem) {
        try expect("{", "\(what) as an object")
        if accept("}") { return }
        repeat {
            let key = try string("a key of \(what)")
            try expect(":", "':' after '\(key)'")
            try body(&self, key)
        } while accept(",")
        try expect("}", "',' or '}' in \(what)")
    }

    /// Reads `[1, 2, …]` of non-negative integers.
    mutating func integers(_ what: String) throws(Problem) -> [Int] {
        try expect("[", "\(what) as an array")
        if accept("]") { return [] }
        var values: [Int] = []
        repeat {
            // A message may show them all.
            guard values.count < 100 else {
                throw Problem(message: "more than 100 numbers in \(what)")
            }
            values.append(try integer(what))
        } while accept(",")
        try expect("]", "',' or ']' in \(what)")
        return values
    }

    private mutating func integer(_ what: String) throws(Problem) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while let digit = peek(), UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit {
            let (scaled, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !over, !carry else {
                throw Problem(message: "a number in \(what) is too large")
            }
            value = sum
            position += 1
        }
        guard position > start else {
            if peek() == UInt8(ascii: "-") {
                throw Problem(message: "a number in \(what) is negative")
            }
            throw expected("a non-negative integer in \(what)")
        }
        guard position == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            throw Problem(message: "a number in \(what) starts with 0")
        }
        return value
    }

    mutating func string(_ what: String) throws(Problem) -> String {
        try expect("\"", "\(what) as a string")
        var text: [UInt8] = []
        while let byte = peek() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw Problem(message: "\(what) is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text, what)
            case 0..<0x20: throw Problem(message: "a control character in \(what)")
            default: text.append(byte)
            }
        }
        throw Problem(message: "\(what) has no end: the header is cut off")
    }

    private mutating func escape(into text: inout [UInt8], _ what: String) throws(Problem) {
        let letter = peek()
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            if let letter { text.append(letter) }
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try hexadecimal(what)
            if 0xD800..<0xDC00 ~= value, peek() == UInt8(ascii: "\\") {
                // The first half of a surrogate pair: the second must follow.
                position += 1
                guard peek() == UInt8(ascii: "u") else { throw expected("\\u in \(what)") }
                position += 1
                let low = try hexadecimal(what)
                guard 0xDC00..<0xE000 ~= low else { throw expected("a surrogate pair in \(what)") }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value) else {
                throw Problem(message: "half a surrogate pair in \(what)")
            }
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: throw Problem(message: "an unknown escape in \(what)")
        }
    }

    private mutating func hexadecimal(_ what: String) throws(Problem) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { throw expected("four hexadecimal digits in \(what)") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Demands that nothing but padding is left.
    mutating func end() throws(Problem) {
        skipSpace()
        guard position == bytes.count else { throw expected("the end of the header") }
    }

    private mutating func expect(_ byte: Unicode.Scalar, _ what: String) throws(Problem) {
        guard accept(byte) else { throw expected(what) }
    }

    private mutating func accept(_ byte: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek() == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek(), [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private func expected(_ what: String) -> Problem {
        Problem(message: "bad header at byte \(8 + position): expected \(what)")
    }
}
