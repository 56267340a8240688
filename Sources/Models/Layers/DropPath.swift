import Torch

/// Stochastic depth: blocks that a sample passes without their branch, at random while training.
enum DropPath {
    /// The rate of a block, which grows evenly from none at the first one.
    ///
    /// Source: timm `calculate_drop_path_rates`.
    ///
    /// - Parameters:
    ///   - last: the rate of the last block.
    ///   - block: from 0.
    static func rate(_ last: Double, block: Int, of count: Int) -> Double {
        last * Double(block) / Double(max(count - 1, 1))
    }
}

/// Adds `branch` to `input`, each sample's branch dropped with probability `rate` while training.
///
/// The kept ones are scaled by `1 / (1 - rate)`. Source: timm `drop_path`, per sample.
func residual(
    _ input: Tensor, _ branch: Tensor, rate: Double, mode: ForwardMode
) throws(TorchError) -> Tensor {
    guard rate > 0, case .training(_, let generator?, _) = mode else {
        return try input + branch
    }
    let keep = 1 - rate
    var shape = [Int](repeating: 1, count: branch.rank)
    shape[0] = branch.shape[0]
    let draws = try Tensor.empty(shape)
    try draws.uniform(from: 0, to: 1, generator: generator)
    let mask = try draws.greater(than: rate).to(branch.dtype).to(branch.device)
    return try input + branch * mask * (1 / keep)
}
