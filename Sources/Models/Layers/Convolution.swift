import Graphs
import Torch

/// A square convolution.
struct Convolution {
    /// Zeros around the images.
    enum Padding {
        /// As many on every side.
        case even(Int)
        /// As many as leave `ceil(side / stride)` pixels, of an odd number one more at the end:
        /// TensorFlow's `SAME`.
        case tensorFlow
    }

    let weight: Tensor
    let bias: Tensor?
    private let kernel: Int
    private let stride: Int
    private let groups: Int
    private let padding: Padding

    /// - Parameters:
    ///   - path: the layer's path; its parameters are `path.weight`, `[out, in / groups, k, k]`, and
    ///     `path.bias`, `[out]`.
    ///   - padding: nil for half of the kernel.
    ///   - bias: nil for none.
    init(
        _ store: ParameterStore, _ path: ParameterPath, in input: Int, out output: Int,
        kernel: Int, stride: Int = 1, groups: Int = 1, padding: Padding? = nil,
        weight: Initializer, bias: Initializer? = nil
    ) throws(TorchError) {
        self.weight = try store.parameter(
            path / "weight", shape: [output, input / groups, kernel, kernel], initializer: weight)
        if let bias {
            self.bias = try store.parameter(path / "bias", shape: [output], initializer: bias)
        } else {
            self.bias = nil
        }
        self.kernel = kernel
        self.stride = stride
        self.groups = groups
        self.padding = padding ?? .even(kernel / 2)
    }

    func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        switch padding {
        case .even(let padding): return try convolve(x, padding: padding)
        case .tensorFlow:
            let (height, width) = (missing(x.shape[2]), missing(x.shape[3]))
            // The usual case costs no copy.
            if height == width, height.isMultiple(of: 2) {
                return try convolve(x, padding: height / 2)
            }
            let padded = try x.padded(
                left: width / 2, right: width - width / 2, top: height / 2,
                bottom: height - height / 2)
            return try convolve(padded, padding: 0)
        }
    }

    func callAsFunction(_ x: GraphValue) throws(TorchError) -> GraphValue {
        let bias = try self.bias.map { (bias) throws(TorchError) in x.builder.weight(bias) }
        let sides = x.shape.dropFirst()
        // [top, left, bottom, right]
        let pads =
            switch padding {
            case .even(let padding): [Int](repeating: padding, count: 4)
            case .tensorFlow:
                sides.map { missing($0) / 2 } + sides.map { missing($0) - missing($0) / 2 }
            }
        return try x.conv2d(
            x.builder.weight(weight), bias: bias, stride: stride, padding: pads, groups: groups)
    }

    private func convolve(_ x: Tensor, padding: Int) throws(TorchError) -> Tensor {
        try x.conv2d(weight, bias: bias, stride: stride, padding: padding, groups: groups)
    }

    /// The zeros that a side lacks for `ceil(side / stride)` windows.
    private func missing(_ side: Int) -> Int {
        max(((side + stride - 1) / stride - 1) * stride + kernel - side, 0)
    }
}
