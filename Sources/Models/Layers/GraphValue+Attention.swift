import Graphs
import Torch

extension GraphValue {
    /// Multi-head attention, as `Tensor.attention` computes it, of queries, keys and values that lie
    /// beside each other: `[tokens, 3 · width]` to `[tokens, width]`.
    ///
    /// - Parameter bias: of the scores, `[heads, tokens, tokens]`.
    func attention(heads: Int, bias: GraphWeight? = nil) throws(TorchError) -> GraphValue {
        let (tokens, width) = (shape[0], shape[1] / 3)
        // [heads, tokens, width / heads]
        func part(_ index: Int, _ order: [Int]) throws(TorchError) -> GraphValue {
            try slice(index * width..<(index + 1) * width, dimension: 1)
                .reshaped([tokens, heads, width / heads]).permuted(order)
        }
        let scale = 1 / Double(width / heads).squareRoot()
        let query = try part(0, [1, 0, 2]) * scale
        let scores = try query.matrixProduct(part(1, [1, 2, 0]))
        let biased = if let bias { try scores + bias } else { scores }
        return try biased.softmax().matrixProduct(part(2, [1, 0, 2]))
            .permuted([1, 0, 2]).reshaped([tokens, width])
    }
}
