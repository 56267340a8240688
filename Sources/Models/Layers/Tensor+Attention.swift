import Torch

extension Tensor {
    /// Multi-head attention of queries, keys and values that lie beside each other:
    /// `[N, tokens, 3 · width]` to `[N, tokens, width]`.
    ///
    /// - Parameter bias: of the scores, `[1, heads, tokens, tokens]`.
    func attention(heads: Int, bias: Tensor? = nil) throws(TorchError) -> Tensor {
        let (batch, tokens, width) = (shape[0], shape[1], shape[2] / 3)
        // [3, N, heads, tokens, width / heads]
        let parts = try reshaped([batch, tokens, 3, heads, width / heads])
            .permuted([2, 0, 3, 1, 4])
        return try Tensor.attention(
            parts.selected(dimension: 0, index: 0), parts.selected(dimension: 0, index: 1),
            parts.selected(dimension: 0, index: 2), bias: bias
        ).transposed(1, 2).reshaped([batch, tokens, width])
    }
}
