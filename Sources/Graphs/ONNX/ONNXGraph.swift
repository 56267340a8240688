import Base
import Torch

/// A model's graph while operations add themselves to it.
package struct ONNXGraph {
    /// The shape of each value of the graph for one image.
    let shapes: [String: [Int]]
    private(set) var nodes: [WireMessage] = []
    private(set) var tensors: [ONNXTensor] = []
    private var names: Set<String> = []

    init(shapes: [String: [Int]]) { self.shapes = shapes }
}

// MARK: - Nodes

extension ONNXGraph {
    /// What an operator is told besides its operands.
    enum Attribute {
        case integer(String, Int)
        case integers(String, [Int])
        case float(String, Double)
    }

    /// Adds the operator that gives a node's result.
    mutating func add(
        _ operation: String, _ inputs: [String], _ node: Graph.Node, _ attributes: [Attribute] = []
    ) {
        add(operation, inputs, name: node.name, to: node.output, attributes)
    }

    /// Adds an operator that gives something on the way there, which it is called by.
    mutating func add(
        _ operation: String, _ inputs: [String], to output: String, _ attributes: [Attribute] = []
    ) {
        add(operation, inputs, name: output, to: output, attributes)
    }

    private mutating func add(
        _ operation: String, _ inputs: [String], name: String, to output: String,
        _ attributes: [Attribute]
    ) {
        var message = WireMessage()
        for input in inputs { message.text(ONNXField.Node.input, input) }
        message.text(ONNXField.Node.output, output)
        message.text(ONNXField.Node.name, name)
        message.text(ONNXField.Node.operation, operation)
        for attribute in attributes {
            message.message(ONNXField.Node.attribute, attribute.message)
        }
        nodes.append(message)
    }
}

extension ONNXGraph.Attribute {
    /// Kinds of value, as `AttributeProto.AttributeType` numbers them.
    private enum Kind: Int {
        case float = 1
        case integer = 2
        case integers = 7
    }

    fileprivate var message: WireMessage {
        typealias Field = ONNXField.Attribute
        var message = WireMessage()
        switch self {
        case .integer(let name, let value):
            message.text(Field.name, name)
            message.integer(Field.integer, value)
            message.integer(Field.type, Kind.integer.rawValue)
        case .integers(let name, let values):
            message.text(Field.name, name)
            for value in values { message.integer(Field.integers, value) }
            message.integer(Field.type, Kind.integers.rawValue)
        case .float(let name, let value):
            message.text(Field.name, name)
            message.float(Field.float, Float(value))
            message.integer(Field.type, Kind.float.rawValue)
        }
        return message
    }
}

// MARK: - Tensors

extension ONNXGraph {
    /// Adds a weight, unless it is there.
    ///
    /// - Parameter isTransposed: whether it, a matrix, is to be multiplied from the right.
    /// - Returns: what operators call it: of a quantized one the floats that its integers stand for.
    mutating func add(_ weight: GraphWeight, isTransposed: Bool = false) -> String {
        let name = isTransposed ? "\(weight.name).transposed" : weight.name
        guard let integers = weight.integers else {
            insert(ONNXTensor(name, weight.tensor, isTransposed: isTransposed))
            return name
        }
        let tensor = ONNXTensor("\(name).integers", weight.tensor, integers, isTransposed)
        guard insert(tensor) else { return name }
        let count = integers.scales.count
        let scale = add("\(name).scale", integers.scales)
        let zero = ONNXTensor(
            "\(name).zero", tensor.type, [count],
            [UInt8](repeating: 0, count: count * tensor.type.size))
        insert(zero)
        add(
            "DequantizeLinear", [tensor.name, scale, zero.name], to: name,
            [.integer("axis", isTransposed ? 1 : 0)])
        return name
    }

    /// Adds a vector, or a number without dimensions.
    mutating func add(_ name: String, _ values: [Float], isScalar: Bool = false) -> String {
        var bytes: [UInt8] = []
        for value in values { bytes.append(littleEndian: value.bitPattern) }
        insert(ONNXTensor(name, .float, isScalar ? [] : [values.count], bytes))
        return name
    }

    /// Adds a vector of lengths or places.
    mutating func add(_ name: String, _ values: [Int]) -> String {
        var bytes: [UInt8] = []
        for value in values { bytes.append(littleEndian: Int64(value)) }
        insert(ONNXTensor(name, .int64, [values.count], bytes))
        return name
    }

    /// Adds a small integer without dimensions.
    mutating func add(_ name: String, _ value: UInt8) -> String {
        insert(ONNXTensor(name, .uint8, [], [value]))
        return name
    }

    /// - Returns: false if one of the name is there, which then is the same.
    @discardableResult
    private mutating func insert(_ tensor: ONNXTensor) -> Bool {
        guard names.insert(tensor.name).inserted else { return false }
        tensors.append(tensor)
        return true
    }
}
