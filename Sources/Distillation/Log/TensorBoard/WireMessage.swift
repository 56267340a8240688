/// A message in the wire format of Protocol Buffers, put together field by field.
///
/// TensorBoard's events take eleven messages of a few fields each, which are only ever written. Code
/// generated for them stands on swift-protobuf, whose library alone takes over a minute to build; the
/// format needs a page, and TensorBoard's own reader is the test of it.
///
/// Source: protobuf.dev/programming-guides/encoding; fields that have proto3's default value are left
/// out by the callers, who know it.
struct WireMessage {
    private(set) var bytes: [UInt8] = []

    /// How a field's value is laid out.
    private enum Layout: UInt64 {
        case varint = 0
        case eightBytes = 1
        case counted = 2
        case fourBytes = 5
    }

    /// Adds an integer of any integer type but `sint`, `fixed` and `sfixed`, a truth value or a
    /// choice.
    mutating func integer(_ field: Int, _ value: Int) {
        begin(field, .varint)
        varint(UInt64(bitPattern: Int64(value)))
    }

    mutating func double(_ field: Int, _ value: Double) {
        begin(field, .eightBytes)
        bytes.append(littleEndian: value.bitPattern)
    }

    mutating func float(_ field: Int, _ value: Float) {
        begin(field, .fourBytes)
        bytes.append(littleEndian: value.bitPattern)
    }

    mutating func text(_ field: Int, _ value: String) { content(field, Array(value.utf8)) }

    /// Adds bytes as they are.
    mutating func content(_ field: Int, _ value: [UInt8]) {
        begin(field, .counted)
        varint(UInt64(value.count))
        bytes += value
    }

    mutating func message(_ field: Int, _ value: WireMessage) { content(field, value.bytes) }

    /// Adds a repeated field of doubles, packed.
    mutating func doubles(_ field: Int, _ values: [Double]) {
        var packed: [UInt8] = []
        packed.reserveCapacity(8 * values.count)
        for value in values { packed.append(littleEndian: value.bitPattern) }
        content(field, packed)
    }

    private mutating func begin(_ field: Int, _ layout: Layout) {
        varint(UInt64(field) << 3 | layout.rawValue)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

extension [UInt8] {
    /// Appends a number's bytes, the least significant first.
    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
