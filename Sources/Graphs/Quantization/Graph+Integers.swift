import Torch

// What computes in integers of 8 bits, and how it is said in a graph. The simulation evaluates such a
// graph and ONNX is written from it, so that both are of the same layers and the same numbers.
extension Graph {
    /// The nodes whose operands become integers: all that multiply by weights, and sums and products
    /// of feature maps.
    ///
    /// Activations, pools and norms between these stay floats.
    /// Sums of tokens stay floats: a transformer carries its largest values along them, and they cost
    /// little beside its products. What a last layer gives stays a float as well: the logits.
    package var integerLayers: [String] {
        nodes.filter { node in
            switch node.operation {
            case is any WeightedOperation: true
            case is Operation.Addition, is Operation.Product: shapes[node.output]?.count == 3
            default: false
            }
        }.map(\.name)
    }

    /// The values that these layers take.
    var integerValues: Set<String> {
        let layers = Set(integerLayers)
        return Set(nodes.filter { layers.contains($0.name) }.flatMap(\.inputs))
    }

    /// The same with some layers in integers.
    ///
    /// - Parameters:
    ///   - layers: of `integerLayers`.
    ///   - scales: of every value of `integerValues`.
    package func quantized(
        _ layers: some Sequence<String>, _ scales: [String: ActivationScale]
    ) throws(TorchError) -> Graph {
        let layers = Set(layers)
        var graph = self
        graph.nodes = []
        var quantized: Set<String> = []
        for var node in nodes {
            guard layers.contains(node.name) else {
                graph.nodes.append(node)
                continue
            }
            for value in node.inputs where quantized.insert(value).inserted {
                let rounding = Operation.Rounding(scale: Self.scale(scales, value))
                let name = "\(value).\(rounding.label)"
                graph.nodes.append(
                    Node(name: name, operation: rounding, inputs: [value], output: name))
                graph.shapes[name] = shapes[value]
            }
            node.operation = try node.quantized(scales)
            node.inputs = node.inputs.map { "\($0).\(Operation.Rounding.label)" }
            graph.nodes.append(node)
        }
        return graph
    }

    static func scale(_ scales: [String: ActivationScale], _ value: String) -> ActivationScale {
        guard let scale = scales[value] else {
            preconditionFailure("\(value) was not looked at before it is quantized")
        }
        return scale
    }
}

extension Graph.Node {
    /// Its operation with weights that integers stand for.
    func quantized(
        _ scales: [String: ActivationScale]
    ) throws(TorchError) -> any GraphOperation {
        guard let weighted = operation as? any WeightedOperation else { return operation }
        return try weighted.quantized(input: Graph.scale(scales, inputs[0]).scale)
    }
}

extension Operation {
    /// A value as 8 bits give it.
    package struct Rounding: ShapeKeepingOperation {
        static let label = "int8"

        let scale: ActivationScale

        package var label: String { Self.label }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try scale.rounded(inputs[0])
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            let name = node.name
            let step = model.add("\(name).scale", [scale.scale], isScalar: true)
            let zero = model.add("\(name).zero", UInt8(scale.zero))
            model.add("QuantizeLinear", [node.inputs[0], step, zero], to: "\(name).integers")
            model.add("DequantizeLinear", ["\(name).integers", step, zero], node)
        }
    }
}

extension ActivationScale {
    func rounded(_ value: Tensor) throws(TorchError) -> Tensor {
        try value.fakeQuantized(scale: Double(scale), zero: zero, in: Self.integers)
    }
}

extension WeightedOperation {
    /// The same with weights of 8 bits, a scale for each channel of the result, and a bias of 32.
    ///
    /// - Parameter input: the scale of the operand.
    fileprivate func quantized(input: Float) throws(TorchError) -> Self {
        let channels = weight.tensor.shape[0]
        let rows = try weight.tensor.detached().reshaped([channels, -1])
        let biases = try bias?.tensor.detached().floats()
        var scales: [Float] = []
        for channel in 0..<channels {
            let row = try rows.selected(dimension: 0, index: channel).extremes()
            let largest = max(abs(row.lowerBound), abs(row.upperBound))
            scales.append(
                WeightScale.of(largest: largest, bias: biases?[channel] ?? 0, input: input))
        }
        var quantized = self
        let device = weight.tensor.device
        quantized.weight = GraphWeight(
            weight.name,
            try weight.tensor.detached().fakeQuantized(
                scales: Tensor(scales, shape: [channels], device: device), dimension: 0,
                in: WeightScale.integers),
            integers: .init(width: .int8, scales: scales))
        if let bias, let biases {
            let steps = scales.map { $0 * input }
            let rounded = zip(biases, steps).map { bias, step in
                Float((Double(bias) / Double(step)).rounded(.toNearestOrEven) * Double(step))
            }
            quantized.bias = GraphWeight(
                bias.name, try Tensor(rounded, shape: [channels], device: device),
                integers: .init(width: .int32, scales: steps))
        }
        return quantized
    }
}

/// How 8 bits with a sign stand for a channel's weights: symmetric around zero, without −128.
enum WeightScale {
    static let integers = -127...127

    /// The step of a channel's weights.
    ///
    /// - Parameters:
    ///   - largest: of the channel's weights, in absolute terms.
    ///   - bias: the channel's, which 32 bits must hold in steps of this times `input`. A channel
    ///     without a weight worth the name is nothing but its bias, and has the bias's step.
    static func of(largest: Double, bias: Float, input: Float) -> Float {
        let step = largest / Double(integers.upperBound)
        let least = abs(Double(bias)) / (Double(input) * Double(1 << 30))
        let scale = Float(max(step, least))
        return scale >= .leastNormalMagnitude ? scale : 1
    }
}
