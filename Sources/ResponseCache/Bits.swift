/// Takes fields from bytes, lowest bit first.
struct BitReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    /// The next field's first bit.
    private var position: Int

    /// - Parameter start: the byte of the first field.
    init(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int = 0) {
        self.bytes = bytes
        position = 8 * start
    }

    /// The next field of up to 32 bits; zeros past the end.
    @inline(__always)
    mutating func next(_ bits: Int) -> Int {
        let byte = position >> 3
        let word: UInt64
        if byte + 8 <= bytes.count, let base = bytes.baseAddress {
            word = UInt64(
                littleEndian: UnsafeRawPointer(base + byte).loadUnaligned(as: UInt64.self))
        } else {
            word = lastWord(from: byte)
        }
        defer { position += bits }
        return Int((word >> UInt64(position & 7)) & (1 << UInt64(bits) - 1))
    }

    @inline(never)
    private func lastWord(from byte: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in byte..<max(byte, min(byte + 8, bytes.count)) {
            word |= UInt64(bytes[index]) << UInt64(8 * (index - byte))
        }
        return word
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

    /// Fills the last byte with zeros.
    mutating func finishByte() {
        guard count > 0 else { return }
        bytes.append(UInt8(truncatingIfNeeded: held))
        held = 0
        count = 0
    }

    /// Takes back the bytes from `start` on, at a byte's border.
    mutating func removeBytes(from start: Int) { bytes.removeSubrange(start...) }

    /// Appends whole bytes, at a byte's border.
    mutating func append(contentsOf more: some Sequence<UInt8>) {
        precondition(count == 0, "bytes begin where a byte ends")
        bytes.append(contentsOf: more)
    }
}
