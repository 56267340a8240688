import Torch

extension Operation {
    /// Batch normalization by the running statistics.
    package struct BatchNorm: GraphOperation {
        let weight: GraphWeight
        let bias: GraphWeight
        let mean: GraphWeight
        let variance: GraphWeight
        let epsilon: Double

        package var label: String { "batchnorm" }
        package var weights: [GraphWeight] { [weight, bias, mean, variance] }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            inputs.count == 1 && inputs[0].first == weight.tensor.count ? inputs[0] : nil
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].batchNorm(
                weight: weight.tensor, bias: bias.tensor, runningMean: mean.tensor,
                runningVariance: variance.tensor, training: false, epsilon: epsilon)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            let inputs = [node.inputs[0]] + weights.map { model.add($0) }
            model.add("BatchNormalization", inputs, node, [.float("epsilon", epsilon)])
        }
    }

    /// Layer normalization of the last dimension.
    package struct LayerNorm: GraphOperation {
        let weight: GraphWeight
        let bias: GraphWeight
        let epsilon: Double

        package var label: String { "layernorm" }
        package var weights: [GraphWeight] { [weight, bias] }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            inputs.count == 1 && inputs[0].last == weight.tensor.count ? inputs[0] : nil
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].layerNorm(weight: weight.tensor, bias: bias.tensor, epsilon: epsilon)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            let inputs = [node.inputs[0]] + weights.map { model.add($0) }
            model.add(
                "LayerNormalization", inputs, node,
                [.integer("axis", -1), .float("epsilon", epsilon)])
        }
    }

    /// The softmax along the last dimension.
    package struct Softmax: ShapeKeepingOperation {
        package var label: String { "softmax" }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].softmax()
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add("Softmax", node.inputs, node, [.integer("axis", -1)])
        }
    }

    /// Decoded pixels as a network takes them: `[N, H, W, 3]` uint8 to `[N, 3, H, W]` float32,
    /// `(x / 255 − mean) / std`.
    package struct PixelNormalization: GraphOperation {
        /// Of red, green and blue, in 0…1.
        let mean: [Double]
        let std: [Double]

        package var label: String { "normalization" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 1, inputs[0].count == 3, inputs[0][2] == 3 else { return nil }
            return [3, inputs[0][0], inputs[0][1]]
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].contiguous().normalizedViews(mean: mean, deviation: std)
        }

        /// One subtraction and one product a value: `(x − 255 · mean) · 1 / (255 · std)`.
        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            let name = node.name
            let offset = model.add("\(name).mean", mean.map { Float(255 * $0) })
            let factor = model.add("\(name).factor", std.map { Float(1 / (255 * $0)) })
            model.add(
                "Cast", node.inputs, to: "\(name).cast", [.integer("to", ONNXType.float.rawValue)])
            model.add("Sub", ["\(name).cast", offset], to: "\(name).centered")
            model.add("Mul", ["\(name).centered", factor], to: "\(name).scaled")
            model.add("Transpose", ["\(name).scaled"], node, [.integers("perm", [0, 3, 1, 2])])
        }
    }
}

extension GraphValue {
    /// Normalized by running statistics, as `Tensor.batchNorm` outside training.
    package func batchNorm(
        weight: GraphWeight, bias: GraphWeight, mean: GraphWeight, variance: GraphWeight,
        epsilon: Double
    ) throws(TorchError) -> GraphValue {
        try applying(
            Operation.BatchNorm(
                weight: weight, bias: bias, mean: mean, variance: variance, epsilon: epsilon))
    }

    /// Normalized along the last dimension, as `Tensor.layerNorm`.
    package func layerNorm(
        weight: GraphWeight, bias: GraphWeight, epsilon: Double
    ) throws(TorchError) -> GraphValue {
        try applying(Operation.LayerNorm(weight: weight, bias: bias, epsilon: epsilon))
    }

    package func softmax() throws(TorchError) -> GraphValue { try applying(Operation.Softmax()) }
}
