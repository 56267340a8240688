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

    /// Takes back the last bytes, at a byte's border.
    mutating func removeLastBytes(_ count: Int) { bytes.removeLast(count) }

    /// Takes back the bytes from `start` on, at a byte's border.
    mutating func removeBytes(from start: Int) { bytes.removeSubrange(start...) }
}
