import Graphs
import Torch

/// Batch normalization over `[N, C, H, W]`.
struct BatchNorm {
    let weight: Tensor
    let bias: Tensor
    let runningMean: Tensor
    let runningVariance: Tensor
    let batches: Tensor
    private let one: Tensor
    private let momentum: Double
    private let epsilon: Double

    /// - Parameters:
    ///   - scale: what every weight starts with.
    ///   - momentum: the share of a batch in the new running statistics.
    init(
        _ store: ParameterStore, _ path: ParameterPath, _ channels: Int, scale: Double = 1,
        momentum: Double = 0.1, epsilon: Double = 1e-5
    ) throws(TorchError) {
        weight = try store.parameter(
            path / "weight", shape: [channels], initializer: .constant(scale))
        bias = try store.parameter(path / "bias", shape: [channels], initializer: .zeros)
        runningMean = try store.buffer(path / "running_mean", shape: [channels], fill: 0)
        runningVariance = try store.buffer(
            path / "running_var", shape: [channels], fill: 1, isNonNegative: true)
        batches = try store.buffer(
            path / "num_batches_tracked", shape: [], fill: 0, dtype: .int64, mayBeAbsent: true,
            isNonNegative: true)
        one = try Tensor.full([], 1, dtype: .int64, device: store.device)
        self.momentum = momentum
        self.epsilon = epsilon
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        var mean: Tensor? = runningMean
        var variance: Tensor? = runningVariance
        var training = false
        if case .training(let updatesStatistics, _, _) = mode {
            training = true
            if updatesStatistics {
                try batches.add(one)
            } else {
                (mean, variance) = (nil, nil)
            }
        }
        return try x.batchNorm(
            weight: weight, bias: bias, runningMean: mean, runningVariance: variance,
            training: training, momentum: momentum, epsilon: epsilon)
    }

    func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        let graph = x.builder
        return try x.batchNorm(
            weight: graph.weight(weight), bias: graph.weight(bias),
            mean: graph.weight(runningMean), variance: graph.weight(runningVariance),
            epsilon: epsilon)
    }
}

extension BatchNorm {
    /// The values of an image in each channel of the last stage, which five strides of 2 leave, each
    /// rounding up.
    static func valuesOfLastStage(imageSize: Int) -> Int {
        let side = (imageSize + 31) / 32
        return side * side
    }
}
