import Foundation
import Graphs
import Torch

/// A square convolution without bias.
struct Convolution {
    let weight: Tensor
    let stride: Int
    let padding: Int

    /// - Parameter path: the layer's path; its one parameter is `path.weight`, `[out, in, k, k]`.
    init(
        _ store: ParameterStore, _ path: ParameterPath, in input: Int, out output: Int,
        kernel: Int, stride: Int = 1, initialization: Initialization
    ) throws(TorchError) {
        let area = Double(kernel * kernel)
        let initializer: Initializer =
            switch initialization {
            case .pytorch: .uniform(bound: 1 / (Double(input) * area).squareRoot())
            case .torchvision, .timm: .normal(std: (2 / (Double(output) * area)).squareRoot())
            }
        weight = try store.parameter(
            path / "weight", shape: [output, input, kernel, kernel], initializer: initializer)
        self.stride = stride
        padding = kernel / 2
    }

    func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.conv2d(weight, stride: stride, padding: padding)
    }

    func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        try x.conv2d(x.builder.weight(weight), stride: stride, padding: padding)
    }
}

/// Batch normalization over `[N, C, H, W]`, momentum 0.1, epsilon 1e-5.
struct BatchNorm {
    let weight: Tensor
    let bias: Tensor
    let runningMean: Tensor
    let runningVariance: Tensor
    let batches: Tensor
    private let one: Tensor

    private static let epsilon = 1e-5

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ channels: Int, scale: Double = 1
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
    }

    func callAsFunction(_ x: Tensor, _ mode: ForwardMode) throws(TorchError) -> Tensor {
        var mean: Tensor? = runningMean
        var variance: Tensor? = runningVariance
        var training = false
        if case .training(let updatesStatistics, _) = mode {
            training = true
            if updatesStatistics {
                try batches.add(one)
            } else {
                (mean, variance) = (nil, nil)
            }
        }
        return try x.batchNorm(
            weight: weight, bias: bias, runningMean: mean, runningVariance: variance,
            training: training, momentum: 0.1, epsilon: Self.epsilon)
    }

    func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        let graph = x.builder
        return try x.batchNorm(
            weight: graph.weight(weight), bias: graph.weight(bias),
            mean: graph.weight(runningMean), variance: graph.weight(runningVariance),
            epsilon: Self.epsilon)
    }
}

/// An affine map of the last dimension.
struct Linear {
    let weight: Tensor
    let bias: Tensor

    /// - Parameter path: the parameters are `path.weight`, `[out, in]`, and `path.bias`, `[out]`.
    init(
        _ store: ParameterStore, _ path: ParameterPath, in input: Int, out output: Int,
        weight weightInitializer: Initializer? = nil, bias biasInitializer: Initializer? = nil
    ) throws(TorchError) {
        let standard = Initializer.uniform(bound: 1 / Double(input).squareRoot())
        weight = try store.parameter(
            path / "weight", shape: [output, input], initializer: weightInitializer ?? standard)
        bias = try store.parameter(
            path / "bias", shape: [output], initializer: biasInitializer ?? standard)
    }

    func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.linear(weight, bias: bias)
    }

    func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        try x.linear(x.builder.weight(weight), bias: x.builder.weight(bias))
    }
}

/// Layer normalization of the last dimension.
struct LayerNorm {
    let weight: Tensor
    let bias: Tensor
    let epsilon: Double

    init(
        _ store: ParameterStore, _ path: ParameterPath, _ width: Int, epsilon: Double
    ) throws(TorchError) {
        weight = try store.parameter(path / "weight", shape: [width], initializer: .ones)
        bias = try store.parameter(path / "bias", shape: [width], initializer: .zeros)
        self.epsilon = epsilon
    }

    func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.layerNorm(weight: weight, bias: bias, epsilon: epsilon)
    }

    func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        try x.layerNorm(
            weight: x.builder.weight(weight), bias: x.builder.weight(bias), epsilon: epsilon)
    }
}
