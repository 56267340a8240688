import Torch

extension Tensor {
    /// Logits whose softmax these probabilities are: their logarithms.
    ///
    /// - Returns: finite numbers; a probability of 0, to which half precision rounds the small ones of
    ///   many classes, is taken for the smallest normal float32, 1e-38.
    package func logitsOfProbabilities() throws(TorchError) -> Tensor {
        try clamped(min: Double(Float.leastNormalMagnitude)).log()
    }
}
