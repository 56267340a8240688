import Base
import Torch

/// A graph as an ONNX model: operators of opset 17, in a file of version 8 of the format, which all
/// runtimes since 2022 read.
///
/// Images are fixed in size, the batch has the name `batch`. Weights are written as they are asked
/// for, tensor by tensor, so that memory holds one of them besides the network.
///
/// Source: onnx.ai/onnx/repo-docs/IR.html, onnx.ai/onnx/operators.
package struct ONNXModel {
    /// Of the operators.
    package static let opset = 17
    /// Of the format; the least that has LayerNormalization.
    package static let version = 8
    /// The model's file in an export's folder.
    package static let fileName = "model.onnx"
    /// Where the weights are of a model that is too large for one file.
    package static let dataName = "model.onnx.data"
    /// Protocol Buffers end at 2 GiB; some room is left for all that is not weights.
    package static let sizeLimit = 2 << 30 - 64 << 20
    /// External tensors begin at multiples of it, so that they can be mapped.
    static let alignment = 4096

    private let graph: Graph
    private let content: ONNXGraph
    private let name: String
    private let documentation: String
    private let metadata: KeyValuePairs<String, String>

    /// - Parameters:
    ///   - name: of the network.
    ///   - documentation: what it is, for people.
    ///   - metadata: what programs may want to know, key by key.
    package init(
        _ graph: Graph, name: String, documentation: String,
        metadata: KeyValuePairs<String, String>
    ) throws(TorchError) {
        (self.graph, self.name, self.documentation) = (graph, name, documentation)
        self.metadata = metadata
        var content = ONNXGraph(shapes: graph.shapes)
        for node in graph.nodes { try node.operation.write(node, to: &content) }
        self.content = content
    }
}

// MARK: - Writing

extension ONNXModel {
    /// Writes the model into a folder; its weights beside it where they are too many for one file.
    ///
    /// - Parameter limit: the most bytes of weights in the model's own file.
    /// - Returns: the names of the files.
    /// - Throws: `TorchError`, `SystemFailure`.
    @discardableResult
    package func write(in folder: String, limit: Int = sizeLimit) throws -> [String] {
        let bytes = content.tensors.reduce(0) { $0 + $1.count }
        let isExternal = bytes > limit
        if isExternal { try writeData(to: "\(folder)/\(Self.dataName)") }
        try writeModel(to: "\(folder)/\(Self.fileName)", isExternal: isExternal)
        return isExternal ? [Self.fileName, Self.dataName] : [Self.fileName]
    }

    private func writeModel(to path: String, isExternal: Bool) throws {
        var offset = 0
        // A tensor's fields before its bytes, and its bytes where they are to follow.
        let tensors = content.tensors.map { tensor in
            let placed = isExternal && tensor.isLarge
            let message = message(of: tensor, at: placed ? offset : nil)
            if placed { offset = Self.end(of: tensor, at: offset) }
            return (message, placed ? nil : tensor)
        }
        var start = WireMessage()
        for node in content.nodes { start.message(ONNXField.Graph.node, node) }
        start.text(ONNXField.Graph.name, name)
        var end = WireMessage()
        end.message(
            ONNXField.Graph.input,
            Self.value(
                graph.input.name, graph.input == .pixels ? .uint8 : .float,
                graph.shapes[graph.input.name] ?? []))
        end.message(
            ONNXField.Graph.output, Self.value(Graph.output, .float, [graph.classes]))

        let initializers = tensors.map { message, tensor in
            var field = WireMessage()
            field.beginContent(
                ONNXField.Graph.initializer, count: message.bytes.count + (tensor?.count ?? 0))
            return (bytes: field.bytes + message.bytes, tensor: tensor)
        }
        let count = initializers.reduce(start.bytes.count + end.bytes.count) {
            $0 + $1.bytes.count + ($1.tensor?.count ?? 0)
        }
        var head = head
        head.beginContent(ONNXField.Model.graph, count: count)

        var file = try AtomicFile(path)
        try file.append(head.bytes)
        try file.append(start.bytes)
        for (bytes, tensor) in initializers {
            try file.append(bytes)
            if let tensor { try file.append(tensor.bytes()) }
        }
        try file.append(end.bytes)
        try file.publish()
    }

    /// All of the model but its graph.
    private var head: WireMessage {
        typealias Field = ONNXField.Model
        var head = WireMessage()
        head.integer(Field.version, Self.version)
        head.text(Field.producer, "understudy")
        head.text(Field.producerVersion, Base.version)
        head.text(Field.documentation, documentation)
        var operators = WireMessage()
        operators.text(ONNXField.Operators.domain, "")
        operators.integer(ONNXField.Operators.version, Self.opset)
        head.message(Field.operators, operators)
        for (key, value) in metadata { head.message(Field.metadata, Self.entry(key, value)) }
        return head
    }

    private func writeData(to path: String) throws {
        var file = try AtomicFile(path)
        var offset = 0
        for tensor in content.tensors where tensor.isLarge {
            try file.append(tensor.bytes())
            let end = Self.end(of: tensor, at: offset)
            try file.append([UInt8](repeating: 0, count: end - offset - tensor.count))
            offset = end
        }
        try file.publish()
    }

    /// Where the next external tensor begins.
    private static func end(of tensor: ONNXTensor, at offset: Int) -> Int {
        (offset + tensor.count + alignment - 1) / alignment * alignment
    }
}

// MARK: - Messages

extension ONNXModel {
    /// A tensor's fields, the last of which is the beginning of its bytes unless these lie elsewhere.
    private func message(of tensor: ONNXTensor, at offset: Int?) -> WireMessage {
        typealias Field = ONNXField.Tensor
        var message = WireMessage()
        for length in tensor.shape { message.integer(Field.length, length) }
        message.integer(Field.type, tensor.type.rawValue)
        message.text(Field.name, tensor.name)
        guard let offset else {
            message.beginContent(Field.content, count: tensor.count)
            return message
        }
        let place = [
            ("location", Self.dataName), ("offset", "\(offset)"), ("length", "\(tensor.count)"),
        ]
        for (key, value) in place { message.message(Field.externalData, Self.entry(key, value)) }
        message.integer(Field.location, Field.external)
        return message
    }

    private static func entry(_ key: String, _ value: String) -> WireMessage {
        var message = WireMessage()
        message.text(ONNXField.Entry.key, key)
        message.text(ONNXField.Entry.value, value)
        return message
    }

    /// An input or output: a batch of some shape.
    private static func value(_ name: String, _ type: ONNXType, _ shape: [Int]) -> WireMessage {
        typealias Field = ONNXField.Value
        var batch = WireMessage()
        batch.text(Field.variable, "batch")
        var dimensions = WireMessage()
        dimensions.message(Field.dimension, batch)
        for length in shape {
            var dimension = WireMessage()
            dimension.integer(Field.length, length)
            dimensions.message(Field.dimension, dimension)
        }
        var tensor = WireMessage()
        tensor.integer(Field.elementType, type.rawValue)
        tensor.message(Field.shape, dimensions)
        var kind = WireMessage()
        kind.message(Field.tensorType, tensor)
        var message = WireMessage()
        message.text(Field.name, name)
        message.message(Field.type, kind)
        return message
    }
}

extension ONNXTensor {
    /// Whether it is worth a place outside the model; lengths and places must be in it.
    fileprivate var isLarge: Bool { count >= 1024 && type != .int64 }
}
