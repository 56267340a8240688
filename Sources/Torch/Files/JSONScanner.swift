import Base

/// Reads JSON strictly and in one pass: the part of it that headers and indices of weights use.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private let subject: String
    private let start: Int
    private(set) var position = 0

    /// - Parameters:
    ///   - subject: what the text is, for messages.
    ///   - start: where in its file the text begins.
    init(bytes: UnsafeRawBufferPointer, of subject: String, from start: Int = 0) {
        self.bytes = bytes
        self.subject = subject
        self.start = start
    }

    /// Reads `{"key": value, …}`; the body reads each value.
    mutating func object(
        _ what: String, _ body: (inout JSONScanner, String) throws(WeightsProblem) -> Void
    ) throws(WeightsProblem) {
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
    mutating func integers(_ what: String) throws(WeightsProblem) -> [Int] {
        try expect("[", "\(what) as an array")
        if accept("]") { return [] }
        var values: [Int] = []
        repeat {
            // A message may show them all.
            guard values.count < 100 else {
                throw WeightsProblem(message: "more than 100 numbers in \(what)")
            }
            values.append(try integer(what))
        } while accept(",")
        try expect("]", "',' or ']' in \(what)")
        return values
    }

    private mutating func integer(_ what: String) throws(WeightsProblem) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while let digit = peek(), UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit {
            let (scaled, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !over, !carry else {
                throw WeightsProblem(message: "a number in \(what) is too large")
            }
            value = sum
            position += 1
        }
        guard position > start else {
            if peek() == UInt8(ascii: "-") {
                throw WeightsProblem(message: "a number in \(what) is negative")
            }
            throw expected("a non-negative integer in \(what)")
        }
        guard position == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            throw WeightsProblem(message: "a number in \(what) starts with 0")
        }
        return value
    }

    mutating func string(_ what: String) throws(WeightsProblem) -> String {
        try expect("\"", "\(what) as a string")
        var text: [UInt8] = []
        while let byte = peek() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw WeightsProblem(message: "\(what) is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text, what)
            case 0..<0x20: throw WeightsProblem(message: "a control character in \(what)")
            default: text.append(byte)
            }
        }
        throw WeightsProblem(message: "\(what) has no end: the \(subject) is cut off")
    }

    private mutating func escape(into text: inout [UInt8], _ what: String) throws(WeightsProblem) {
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
                throw WeightsProblem(message: "half a surrogate pair in \(what)")
            }
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: throw WeightsProblem(message: "an unknown escape in \(what)")
        }
    }

    private mutating func hexadecimal(_ what: String) throws(WeightsProblem) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { throw expected("four hexadecimal digits in \(what)") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Passes over a value of any kind.
    ///
    /// - Parameter depth: how deeply values may be nested in it.
    mutating func skipValue(_ what: String, depth: Int = 16) throws(WeightsProblem) {
        guard depth > 0 else { throw WeightsProblem(message: "\(what) is nested too deeply") }
        skipSpace()
        switch peek() {
        case UInt8(ascii: "\""): _ = try string(what)
        case UInt8(ascii: "{"):
            try object(what) { (scanner, key) throws(WeightsProblem) in
                try scanner.skipValue(key.quoted, depth: depth - 1)
            }
        case UInt8(ascii: "["):
            position += 1
            if accept("]") { return }
            repeat { try skipValue("an item of \(what)", depth: depth - 1) } while accept(",")
            try expect("]", "',' or ']' in \(what)")
        default:
            // A number, true, false or null.
            let start = position
            while let byte = peek(), Self.isOfWord(byte) { position += 1 }
            guard position > start else { throw expected(what) }
        }
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Demands that nothing but padding is left.
    mutating func end() throws(WeightsProblem) {
        skipSpace()
        guard position == bytes.count else { throw expected("the end of the \(subject)") }
    }

    private mutating func expect(_ byte: Unicode.Scalar, _ what: String) throws(WeightsProblem) {
        guard accept(byte) else { throw expected(what) }
    }

    private mutating func accept(_ byte: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek() == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek(), Self.isSpace(byte) { position += 1 }
    }

    /// Whether a byte is nothing between the values of JSON: a space, tab or end of a line.
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private func expected(_ what: String) -> WeightsProblem {
        WeightsProblem(message: "bad \(subject) at byte \(start + position): expected \(what)")
    }
}
