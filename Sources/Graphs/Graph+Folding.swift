import Torch

extension Graph {
    /// The same without batch normalizations: each becomes part of the convolution before it.
    ///
    /// `w' = w · γ / √(σ² + ε)` and `b' = β + (b − μ) · γ / √(σ² + ε)`, computed in float64 and
    /// rounded once. One that follows something else, or a value that others take, too, stays.
    package func foldingBatchNorms() throws(TorchError) -> Graph {
        var graph = self
        let uses = uses
        var makers: [String: Int] = [:]
        var folded: [Node] = []
        for node in nodes {
            if let norm = node.operation as? Operation.BatchNorm,
                let maker = makers[node.inputs[0]],
                uses[node.inputs[0]] == 1,
                let convolution = folded[maker].operation as? Operation.Convolution
            {
                folded[maker].operation = try convolution.folding(norm)
                graph.shapes[folded[maker].output] = nil
                folded[maker].output = node.output
                makers[node.output] = maker
            } else {
                makers[node.output] = folded.count
                folded.append(node)
            }
        }
        graph.nodes = folded
        return graph
    }

    /// The same of decoded pixels, which are normalized in the graph.
    ///
    /// - Parameters:
    ///   - mean: of red, green and blue, in 0…1.
    ///   - std: likewise.
    package func takingPixels(mean: [Double], std: [Double]) -> Graph {
        precondition(input == .images, "the graph takes pixels already")
        var graph = self
        let normalization = Operation.PixelNormalization(mean: mean, std: std)
        graph.nodes.insert(
            Node(
                name: normalization.label, operation: normalization, inputs: [Input.pixels.name],
                output: Input.images.name), at: 0)
        graph.input = .pixels
        graph.shapes[Input.pixels.name] = [size, size, 3]
        return graph
    }
}

extension Operation.Convolution {
    fileprivate func folding(_ norm: Operation.BatchNorm) throws(TorchError) -> Self {
        func exact(_ weight: GraphWeight) throws(TorchError) -> Tensor {
            try weight.tensor.detached().to(.float64)
        }
        let deviation = try (exact(norm.variance) + norm.epsilon).sqrt()
        let factor = try exact(norm.weight) / deviation
        var offset = try -exact(norm.mean)
        if let bias { offset = try offset + exact(bias) }
        let shape = [factor.count] + [Int](repeating: 1, count: weight.tensor.rank - 1)
        var folded = self
        folded.weight = GraphWeight(
            weight.name, try (exact(weight) * factor.reshaped(shape)).to(.float32))
        folded.bias = GraphWeight(
            bias?.name ?? weight.name.replacing(/weight$/, with: "bias"),
            try (exact(norm.bias) + offset * factor).to(.float32))
        return folded
    }
}
