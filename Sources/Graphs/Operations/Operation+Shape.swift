import Torch

// Dimensions are counted within one image's value: the batch stays where it is, before them.
extension Operation {
    /// The same elements in another shape.
    package struct Reshape: GraphOperation {
        let shape: [Int]

        package var label: String { "reshape" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            inputs.count == 1 && inputs[0].reduce(1, *) == shape.reduce(1, *) ? shape : nil
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].reshaped([inputs[0].shape[0]] + shape)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            // A length of 0 stands for the operand's.
            let lengths = model.add("\(node.name).shape", [0] + shape)
            model.add("Reshape", [node.inputs[0], lengths], node)
        }
    }

    /// The dimensions in another order.
    package struct Permutation: GraphOperation {
        let order: [Int]

        package var label: String { "transpose" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 1, order.sorted() == Array(inputs[0].indices) else { return nil }
            return order.map { inputs[0][$0] }
        }

        private var whole: [Int] { [0] + order.map { $0 + 1 } }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].permuted(whole)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add("Transpose", node.inputs, node, [.integers("perm", whole)])
        }
    }

    /// Some entries of a dimension.
    package struct Slice: GraphOperation {
        let dimension: Int
        let range: Range<Int>

        package var label: String { "slice" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 1, inputs[0].indices.contains(dimension), range.lowerBound >= 0,
                range.upperBound <= inputs[0][dimension]
            else { return nil }
            var shape = inputs[0]
            shape[dimension] = range.count
            return shape
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].narrowed(
                dimension: dimension + 1, start: range.lowerBound, count: range.count)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            let bounds = [
                model.add("\(node.name).starts", [range.lowerBound]),
                model.add("\(node.name).ends", [range.upperBound]),
                model.add("\(node.name).axes", [dimension + 1]),
            ]
            model.add("Slice", node.inputs + bounds, node)
        }
    }

    /// Zeros before the entries of the first dimension: room for tokens that are no patches.
    ///
    /// A constant that is added afterwards fills it. So no graph has to ask how large its batch is in
    /// order to repeat a token for each image.
    package struct LeadingZeros: GraphOperation {
        let count: Int

        package var label: String { "pad" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 1, let first = inputs[0].first else { return nil }
            return [first + count] + inputs[0].dropFirst()
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            let shape = inputs[0].shape
            let zeros = try Tensor.zeros(
                [shape[0], count] + shape[2...], dtype: inputs[0].dtype, device: inputs[0].device)
            return try .concatenated([zeros, inputs[0]], dimension: 1)
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            let rank = (model.shapes[node.inputs[0]]?.count ?? 0) + 1
            var pads = [Int](repeating: 0, count: 2 * rank)
            pads[1] = count
            model.add("Pad", [node.inputs[0], model.add("\(node.name).pads", pads)], node)
        }
    }

    /// The product of the last two dimensions' matrices.
    package struct MatrixProduct: GraphOperation {
        package var label: String { "matmul" }

        package func shape(of inputs: [[Int]]) -> [Int]? {
            guard inputs.count == 2, inputs[0].count >= 2, inputs[0].count == inputs[1].count,
                inputs[0].dropLast(2) == inputs[1].dropLast(2),
                inputs[0].last == inputs[1].dropLast().last
            else { return nil }
            return inputs[0].dropLast() + inputs[1].suffix(1)
        }

        package func evaluate(_ inputs: [Tensor]) throws(TorchError) -> Tensor {
            try inputs[0].matrixProduct(inputs[1])
        }

        package func write(
            _ node: Graph.Node, to model: inout ONNXGraph
        ) throws(TorchError) {
            model.add("MatMul", node.inputs, node)
        }
    }
}

extension GraphValue {
    package func reshaped(_ shape: [Int]) throws(TorchError) -> GraphValue {
        try applying(Operation.Reshape(shape: shape))
    }

    package func permuted(_ order: [Int]) throws(TorchError) -> GraphValue {
        try applying(Operation.Permutation(order: order))
    }

    package func slice(
        _ range: Range<Int>, dimension: Int
    ) throws(TorchError) -> GraphValue {
        try applying(Operation.Slice(dimension: dimension, range: range))
    }

    /// With zeros before the entries of the first dimension.
    package func padded(before count: Int) throws(TorchError) -> GraphValue {
        try applying(Operation.LeadingZeros(count: count))
    }

    package func matrixProduct(_ other: GraphValue) throws(TorchError) -> GraphValue {
        try builder.add(Operation.MatrixProduct(), to: [self, other])
    }
}
