/// Takes fields from bytes, lowest bit first.
struct BitReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    /// The next field's first bit.
    private var position: Int
    /// Where the row's last byte ends, in bits.
    private let end: Int

    /// - Parameters:
    ///   - start: the byte of the first field.
    ///   - end: the byte after the row's last; nil for the end of `bytes`.
    init(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int = 0, end: Int? = nil) {
        self.bytes = bytes
        position = 8 * start
        self.end = 8 * (end ?? bytes.count)
    }

    /// The next field of up to 32 bits; what lies beyond the row is of no meaning.
    @inline(__always)
    mutating func next(_ bits: Int) -> Int {
        defer { position += bits }
        return Int(word() & (1 << UInt64(bits) - 1))
    }

    /// How many zeros come before the next one, which is taken with them; nil if the row ends first.
    @inline(__always)
    mutating func nextZeros() -> Int? {
        var zeros = 0
        while position < end {
            let word = word()
            if word != 0 {
                let more = word.trailingZeroBitCount
                position += more + 1
                return position <= end ? zeros + more : nil
            }
            // Fewer than 8 of the 64 bits came from before `position`.
            zeros += 56
            position += 56
        }
        return nil
    }

    /// The bits from `position` on, at least 57 of them, with zeros past the end of the bytes.
    @inline(__always)
    private func word() -> UInt64 {
        let byte = position >> 3
        guard byte + 8 <= bytes.count, let base = bytes.baseAddress else { return lastWord() }
        let word = UnsafeRawPointer(base + byte).loadUnaligned(as: UInt64.self)
        return UInt64(littleEndian: word) >> UInt64(position & 7)
    }

    @inline(never)
    private func lastWord() -> UInt64 {
        let byte = position >> 3
        var word: UInt64 = 0
        for index in byte..<max(byte, min(byte + 8, bytes.count)) {
            word |= UInt64(bytes[index]) << UInt64(8 * (index - byte))
        }
        return word >> UInt64(position & 7)
    }
}

/// Puts fields into bytes, lowest bit first.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var held: UInt64 = 0
    private var count = 0

    /// Appends a field of up to 32 bits.
    mutating func append(_ value: Int, bits: Int) {
        held |= UInt64(value) << UInt64(count)
        count += bits
        while count >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: held))
            held >>= 8
            count -= 8
        }
    }

    /// Appends zeros and a one.
    mutating func append(zeros: Int) {
        for _ in 0..<zeros / 32 { append(0, bits: 32) }
        append(1 << (zeros % 32), bits: zeros % 32 + 1)
    }

    /// Appends zero bytes, at a byte's border.
    mutating func append(zeroBytes count: Int) {
        precondition(self.count == 0, "bytes begin where a byte ends")
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    /// Fills the last byte with zeros.
    mutating func finishByte() {
        guard count > 0 else { return }
        bytes.append(UInt8(truncatingIfNeeded: held))
        held = 0
        count = 0
    }

    /// Takes back the bytes from `start` on, at a byte's border.
    mutating func removeBytes(from start: Int) { bytes.removeSubrange(start...) }
}
