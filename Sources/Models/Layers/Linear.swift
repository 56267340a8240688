import Graphs
import Torch

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
