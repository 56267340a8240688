import Graphs
import Torch

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
