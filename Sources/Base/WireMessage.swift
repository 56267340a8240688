/// A message in the wire format of Protocol Buffers, put together field by field.
///
/// TensorBoard's events and ONNX's models take some twenty messages of a few fields each, which are
/// only ever written. Code generated for them stands on swift-protobuf, whose library alone takes over
/// a minute to build; the format needs a page, and TensorBoard's and ONNX's own readers are the test
/// of it.
///
/// Source: protobuf.dev/programming-guides/encoding; fields that have proto3's default value are left
/// out by the callers, who know it.
package struct WireMessage: Sendable {
    package private(set) var bytes: [UInt8] = []

    /// How a field's value is laid out.
    private enum Layout: UInt64 {
        case varint = 0
        case eightBytes = 1
        case counted = 2
        case fourBytes = 5
    }

    package init() {}

    /// Adds an integer of any integer type but `sint`, `fixed` and `sfixed`, a truth value or a
    /// choice.
    package mutating func integer(_ field: Int, _ value: Int) {
        begin(field, .varint)
        varint(UInt64(bitPattern: Int64(value)))
    }

    package mutating func double(_ field: Int, _ value: Double) {
        begin(field, .eightBytes)
        bytes.append(littleEndian: value.bitPattern)
    }

    package mutating func float(_ field: Int, _ value: Float) {
        begin(field, .fourBytes)
        bytes.append(littleEndian: value.bitPattern)
    }

    package mutating func text(_ field: Int, _ value: String) {
        content(field, Array(value.utf8))
    }

    /// Adds bytes as they are.
    package mutating func content(_ field: Int, _ value: [UInt8]) {
        beginContent(field, count: value.count)
        bytes += value
    }

    package mutating func message(_ field: Int, _ value: WireMessage) {
        content(field, value.bytes)
    }

    /// Adds a repeated field of doubles, packed.
    package mutating func doubles(_ field: Int, _ values: [Double]) {
        var packed: [UInt8] = []
        packed.reserveCapacity(8 * values.count)
        for value in values { packed.append(littleEndian: value.bitPattern) }
        content(field, packed)
    }

    /// Begins a field whose bytes somebody else writes after this message's.
    ///
    /// - Parameter count: how many they are.
    package mutating func beginContent(_ field: Int, count: Int) {
        begin(field, .counted)
        varint(UInt64(count))
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
    package mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
