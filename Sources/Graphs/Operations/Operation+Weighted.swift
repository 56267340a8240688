import Torch

/// The operations that networks are made of; each conforms to `GraphOperation`.
package enum Operation {}

extension Operation {
    /// A convolution with square strides and padding.
    package struct Convolution: WeightedOperation {
        /// `[out, in, k, l]`.
        package var weight: GraphWeight
        package var bias: GraphWeight?
        let stride: Int
        let padding: Int

        package var label: String { "convolution" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            let kernel = weight.tensor.shape
            guard inputs.count == 1, inputs[0].count == 3, kernel.count == 4,
                inputs[0][0] == kernel[1]
            else { return nil }
            let sides = zip(inputs[0][1...], kernel[2...]).map {
                ($0 + 2 * padding - $1) / stride + 1
            }
            return sides.allSatisfy { $0 >= 1 } ? [kernel[0]] + sides : nil
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].conv2d(
                weight.tensor, bias: bias?.tensor, stride: stride, padding: padding)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            var inputs = [node.inputs[0], model.add(weight)]
            if let bias { inputs.append(model.add(bias)) }
            model.add(
                "Conv", inputs, node,
                [
                    .integers("kernel_shape", Array(weight.tensor.shape[2...])),
                    .integers("strides", [stride, stride]),
                    .integers("pads", [padding, padding, padding, padding]),
                    .integers("dilations", [1, 1]), .integer("group", 1),
                ])
        }
    }

    /// An affine map of the last dimension.
    package struct Linear: WeightedOperation {
        /// `[out, in]`.
        package var weight: GraphWeight
        package var bias: GraphWeight?

        package var label: String { "linear" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            let matrix = weight.tensor.shape
            guard inputs.count == 1, matrix.count == 2, inputs[0].last == matrix[1] else {
                return nil
            }
            return inputs[0].dropLast() + [matrix[0]]
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].linear(weight.tensor, bias: bias?.tensor)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            // Gemm takes matrices only.
            guard model.shapes[node.inputs[0]]?.count != 1 else {
                var inputs = [node.inputs[0], model.add(weight)]
                if let bias { inputs.append(model.add(bias)) }
                model.add("Gemm", inputs, node, [.integer("transB", 1)])
                return
            }
            let matrix = model.add(weight, isTransposed: true)
            guard let bias else {
                model.add("MatMul", [node.inputs[0], matrix], node)
                return
            }
            let product = "\(node.name).product"
            model.add("MatMul", [node.inputs[0], matrix], to: product)
            // A sum of its own takes floats, whatever they stand for.
            model.add("Add", [product, model.add(GraphWeight(bias.name, bias.tensor))], node)
        }
    }
}

extension GraphValue {
    /// Convolved, as `Tensor.conv2d`.
    package func conv2d(
        _ weight: GraphWeight, bias: GraphWeight? = nil, stride: Int = 1, padding: Int = 0
    ) throws(TorchError) -> GraphValue {
        try applying(
            Operation.Convolution(weight: weight, bias: bias, stride: stride, padding: padding))
    }

    /// Mapped, as `Tensor.linear`.
    package func linear(
        _ weight: GraphWeight, bias: GraphWeight? = nil
    ) throws(TorchError) -> GraphValue {
        try applying(Operation.Linear(weight: weight, bias: bias))
    }
}
