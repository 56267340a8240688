import Torch

extension Operation {
    /// A convolution with square strides.
    package struct Convolution: WeightedOperation {
        /// `[out, in / groups, k, l]`.
        package var weight: GraphWeight
        package var bias: GraphWeight?
        let stride: Int
        /// Zeros around the images: `[top, left, bottom, right]`.
        let padding: [Int]
        let groups: Int

        package var label: String { "convolution" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            let kernel = weight.tensor.shape
            guard inputs.count == 1, inputs[0].count == 3, kernel.count == 4,
                inputs[0][0] == kernel[1] * groups
            else { return nil }
            let room = (0..<2).map { (axis: Int) -> Int in
                let padded = inputs[0][axis + 1] + padding[axis] + padding[axis + 2]
                return padded - kernel[axis + 2]
            }
            guard room.allSatisfy({ $0 >= 0 }) else { return nil }
            return [kernel[0]] + room.map { $0 / stride + 1 }
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            let isEven = Set(padding).count == 1
            let images =
                try isEven
                ? inputs[0]
                : inputs[0].padded(
                    left: padding[1], right: padding[3], top: padding[0], bottom: padding[2])
            return try images.conv2d(
                weight.tensor, bias: bias?.tensor, stride: stride,
                padding: isEven ? padding[0] : 0, groups: groups)
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
                    .integers("pads", padding), .integers("dilations", [1, 1]),
                    .integer("group", groups),
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
    ///
    /// - Parameter padding: zeros around the images, `[top, left, bottom, right]`.
    package func conv2d(
        _ weight: GraphWeight, bias: GraphWeight? = nil, stride: Int = 1,
        padding: [Int] = [0, 0, 0, 0], groups: Int = 1
    ) throws(TorchError) -> GraphValue {
        try applying(
            Operation.Convolution(
                weight: weight, bias: bias, stride: stride, padding: padding, groups: groups))
    }

    /// Mapped, as `Tensor.linear`.
    package func linear(
        _ weight: GraphWeight, bias: GraphWeight? = nil
    ) throws(TorchError) -> GraphValue {
        try applying(Operation.Linear(weight: weight, bias: bias))
    }
}
