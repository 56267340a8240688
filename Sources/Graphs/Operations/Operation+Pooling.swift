import Torch

extension Operation {
    /// The largest value of every window.
    package struct MaxPool: GraphOperation {
        let size: Int
        let stride: Int
        let padding: Int

        package var label: String { "maxpool" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 1, inputs[0].count == 3 else { return nil }
            let room = inputs[0][1...].map { $0 + 2 * padding - size }
            guard room.allSatisfy({ $0 >= 0 }) else { return nil }
            return [inputs[0][0]] + room.map { $0 / stride + 1 }
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].maxPool2d(size: size, stride: stride, padding: padding)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add(
                "MaxPool", node.inputs, node,
                [
                    .integers("kernel_shape", [size, size]),
                    .integers("strides", [stride, stride]),
                    .integers("pads", [padding, padding, padding, padding]),
                    .integer("ceil_mode", 0),
                ])
        }
    }

    /// The mean of every window; of one that reaches over the edge, of what is within.
    package struct AveragePool: GraphOperation {
        let size: Int
        let stride: Int

        package var label: String { "avgpool" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 1, inputs[0].count == 3 else { return nil }
            // As many windows as begin within.
            let sides = inputs[0][1...].map { max($0 - size + stride - 1, 0) / stride + 1 }
            return [inputs[0][0]] + sides
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].averagePool2d(
                size: size, stride: stride, ceil: true, countsPadding: false)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add(
                "AveragePool", node.inputs, node,
                [
                    .integers("kernel_shape", [size, size]),
                    .integers("strides", [stride, stride]), .integer("ceil_mode", 1),
                    .integer("count_include_pad", 0),
                ])
        }
    }

    /// The mean of every channel: `[C, H, W]` to `[C]`, or to `[C, 1, 1]`.
    package struct GlobalAveragePool: GraphOperation {
        /// Whether the mean is a feature map of one pixel.
        let keepsSides: Bool

        package var label: String { "avgpool" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 1, inputs[0].count == 3 else { return nil }
            return keepsSides ? [inputs[0][0], 1, 1] : [inputs[0][0]]
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            let means = try inputs[0].adaptiveAveragePool2d([1, 1])
            return keepsSides ? means : try means.flattened(from: 1)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            guard !keepsSides else {
                model.add("GlobalAveragePool", node.inputs, node)
                return
            }
            model.add("GlobalAveragePool", node.inputs, to: "\(node.name).mean")
            model.add("Flatten", ["\(node.name).mean"], node, [.integer("axis", 1)])
        }
    }

    /// The mean along a dimension, which disappears.
    package struct Mean: GraphOperation {
        /// Of one image's value.
        let dimension: Int

        package var label: String { "mean" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 1, inputs[0].indices.contains(dimension) else { return nil }
            var shape = inputs[0]
            shape.remove(at: dimension)
            return shape
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].mean(dimensions: [dimension + 1])
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add(
                "ReduceMean", node.inputs, node,
                [.integers("axes", [dimension + 1]), .integer("keepdims", 0)])
        }
    }
}

extension GraphValue {
    package func maxPool2d(
        size: Int, stride: Int, padding: Int = 0
    ) throws(TorchError) -> GraphValue {
        try applying(Operation.MaxPool(size: size, stride: stride, padding: padding))
    }

    /// The mean of every window, as `Tensor.averagePool2d` that rounds up and counts no padding.
    package func averagePool2d(size: Int, stride: Int) throws(TorchError) -> GraphValue {
        try applying(Operation.AveragePool(size: size, stride: stride))
    }

    /// The mean of every channel of a feature map.
    ///
    /// - Parameter keepsSides: whether it is `[C, 1, 1]`; else `[C]`.
    package func globalAveragePool(keepsSides: Bool = false) throws(TorchError) -> GraphValue {
        try applying(Operation.GlobalAveragePool(keepsSides: keepsSides))
    }

    /// The mean along a dimension of one image's value, which disappears.
    package func mean(dimension: Int) throws(TorchError) -> GraphValue {
        try applying(Operation.Mean(dimension: dimension))
    }
}
