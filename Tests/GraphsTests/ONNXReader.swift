import Foundation

/// Reads of an ONNX model what these tests ask for, by the numbers of `onnx.proto`'s fields, which
/// are written here once more.
struct ONNXReader {
    struct Value: Equatable {
        let name: String
        let type: Int
        /// Lengths as digits, or the names of those that vary.
        let shape: [String]
    }

    struct Node {
        let name: String
        let operation: String
        let inputs: [String]
        let outputs: [String]
        /// Integers and lists of them, and floats as their bits.
        let attributes: [String: [Int]]
    }

    struct Tensor {
        let name: String
        let type: Int
        let shape: [Int]
        let bytes: [UInt8]
        let external: [String: String]
    }

    let version: Int
    let operators: [String: Int]
    let metadata: [String: String]
    let inputs: [Value]
    let outputs: [Value]
    let nodes: [Node]
    let tensors: [String: Tensor]
    /// How many there are, a name that is there twice counted twice.
    let tensorCount: Int

    init(_ bytes: [UInt8]) {
        let model = Self.fields(bytes[...])
        version = model.first(1)?.integer ?? 0
        operators = Dictionary(
            model.all(8).map { Self.fields($0.bytes) }.map {
                ($0.text(1), $0.first(2)?.integer ?? 0)
            }, uniquingKeysWith: { $1 })
        metadata = Self.entries(model.all(14))
        let graph = Self.fields(model.first(7)?.bytes ?? [])
        inputs = graph.all(11).map { Self.value($0.bytes) }
        outputs = graph.all(12).map { Self.value($0.bytes) }
        nodes = graph.all(1).map { Self.node($0.bytes) }
        let tensors = graph.all(5).map { Self.tensor($0.bytes) }
        tensorCount = tensors.count
        self.tensors = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    private static func value(_ bytes: ArraySlice<UInt8>) -> Value {
        let value = fields(bytes)
        let tensor = fields(fields(value.first(2)?.bytes ?? []).first(1)?.bytes ?? [])
        let dimensions = fields(tensor.first(2)?.bytes ?? []).all(1).map { fields($0.bytes) }
        return Value(
            name: value.text(1), type: tensor.first(1)?.integer ?? 0,
            shape: dimensions.map { $0.first(1).map { "\($0.integer)" } ?? $0.text(2) })
    }

    private static func node(_ bytes: ArraySlice<UInt8>) -> Node {
        let node = fields(bytes)
        let attributes = node.all(5).map { field in
            let attribute = fields(field.bytes)
            let values =
                switch attribute.first(20)?.integer {
                case 1: attribute.all(2)
                case 2: attribute.all(3)
                default: attribute.all(8)
                }
            return (attribute.text(1), values.map(\.integer))
        }
        return Node(
            name: node.text(3), operation: node.text(4), inputs: node.all(1).map(\.text),
            outputs: node.all(2).map(\.text),
            attributes: Dictionary(attributes, uniquingKeysWith: { $1 }))
    }

    private static func tensor(_ bytes: ArraySlice<UInt8>) -> Tensor {
        let tensor = fields(bytes)
        return Tensor(
            name: tensor.text(8), type: tensor.first(2)?.integer ?? 0,
            shape: tensor.all(1).map(\.integer), bytes: Array(tensor.first(9)?.bytes ?? []),
            external: tensor.first(14)?.integer == 1 ? entries(tensor.all(13)) : [:])
    }

    private static func entries(_ fields: [Field]) -> [String: String] {
        Dictionary(
            fields.map { Self.fields($0.bytes) }.map { ($0.text(1), $0.text(2)) },
            uniquingKeysWith: { $1 })
    }
}

// MARK: - The wire format

extension ONNXReader {
    fileprivate struct Field {
        let number: Int
        var integer = 0
        var bytes: ArraySlice<UInt8> = []

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    fileprivate static func fields(_ message: ArraySlice<UInt8>) -> [Field] {
        var (fields, rest): ([Field], ArraySlice<UInt8>) = ([], message)
        func varint() -> Int {
            var (value, shift) = (UInt64(0), UInt64(0))
            while let byte = rest.popFirst() {
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return Int(bitPattern: UInt(value))
        }
        func take(_ count: Int) -> ArraySlice<UInt8> {
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        while !rest.isEmpty {
            let key = varint()
            var field = Field(number: key >> 3)
            switch key & 7 {
            case 0: field.integer = varint()
            case 5: field.integer = take(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            case 2: field.bytes = take(varint())
            default: preconditionFailure("ONNX has no fields of kind \(key & 7)")
            }
            fields.append(field)
        }
        return fields
    }
}

extension [ONNXReader.Field] {
    fileprivate func all(_ number: Int) -> Self { filter { $0.number == number } }
    fileprivate func first(_ number: Int) -> Element? { first { $0.number == number } }
    fileprivate func text(_ number: Int) -> String { first(number)?.text ?? "" }
}
