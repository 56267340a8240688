import CTorch

// What layers are made of. Backward passes are libtorch's.
extension Tensor {
    /// Convolves a batch of images.
    ///
    /// - Parameters:
    ///   - weight: `[out, in / groups, k, l]`, of the dtype of `self`.
    ///   - bias: `[out]`.
    ///   - padding: zeros on every side.
    ///   - dilation: the distance between the pixels that a kernel looks at.
    ///   - groups: how many equal parts the channels have, each of which is convolved by itself.
    /// - Returns: `[N, out, H', W']` with `H' = (H + 2·padding − dilation·(k − 1) − 1) / stride + 1`.
    /// - Throws: `TorchError` if the channel counts differ or the kernel is larger than the image.
    package func conv2d(
        _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0,
        dilation: Int = 1, groups: Int = 1
    ) throws(TorchError) -> Tensor {
        let expected = {
            let weights = weight.shape
            let channels = weights.count == 4 ? "\(weights[1] &* groups)" : "C"
            return "input [N, \(channels), H, W] for weight \(weights)"
                + (groups == 1 ? "" : " of \(groups) groups")
        }
        return try Tensor.make("conv2d", [self, weight, bias], expected: expected()) {
            ct_conv2d(
                $0[0], $0[1], $0[2], Int64(stride), Int64(padding), Int64(dilation),
                Int64(groups), $1, $2)
        }
    }

    /// Zeros around the last two dimensions.
    package func padded(
        left: Int, right: Int, top: Int, bottom: Int
    ) throws(TorchError) -> Tensor {
        try Tensor.make("padded", [self], expected: "[…, H, W]") {
            ct_pad($0[0], [left, right, top, bottom].int64, 0, $1, $2)
        }
    }

    /// The affine map of the last dimension: `self · weightᵀ + bias`.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`, of the dtype of `self`.
    ///   - bias: `[out]`.
    /// - Returns: `[…, out]`.
    package func linear(_ weight: Tensor, bias: Tensor? = nil) throws(TorchError) -> Tensor {
        let expected = { "input […, \(weight.shape.last ?? 0)] for weight \(weight.shape)" }
        return try Tensor.make("linear", [self, weight, bias], expected: expected()) {
            ct_linear($0[0], $0[1], $0[2], $1, $2)
        }
    }

    /// Normalizes each channel, by the batch's statistics in training, else by the running ones.
    ///
    /// - Parameters:
    ///   - weight: `[C]`, the scale.
    ///   - bias: `[C]`.
    ///   - runningMean: `[C]`; in training it moves towards the batch's. Nil in training leaves
    ///     no trace of the batch.
    ///   - runningVariance: `[C]`, likewise, unbiased.
    ///   - training: whether to use the batch's statistics.
    ///   - momentum: the share of the batch in the new running statistics.
    ///   - epsilon: added to the variance.
    /// - Returns: the shape of `self`, `[N, C, …]`.
    /// - Throws: `TorchError` if a length is not C, or without statistics outside training.
    package func batchNorm(
        weight: Tensor?, bias: Tensor?, runningMean: Tensor?, runningVariance: Tensor?,
        training: Bool, momentum: Double = 0.1, epsilon: Double = 1e-5
    ) throws(TorchError) -> Tensor {
        guard (runningMean == nil) == (runningVariance == nil) else {
            throw .shape(
                "batchNorm", expected: "both running statistics or neither",
                found: runningMean == nil ? "the variance alone" : "the mean alone")
        }
        guard training || runningMean != nil else {
            throw .shape(
                "batchNorm", expected: "running statistics outside training", found: "none")
        }
        let channels = { self.rank > 1 ? self.shape[1] : 0 }
        return try Tensor.make(
            "batchNorm", [self, weight, bias, runningMean, runningVariance],
            expected: "[N, C, …] and [C] of C = \(channels())"
        ) {
            ct_batch_norm(
                $0[0], $0[1], $0[2], $0[3], $0[4], training, momentum, epsilon, $1, $2)
        }
    }

    /// Normalizes the last dimensions, as many as `weight` has, to mean 0 and variance 1.
    package func layerNorm(
        weight: Tensor, bias: Tensor?, epsilon: Double
    ) throws(TorchError) -> Tensor {
        let expected = { "input that ends in \(weight.shape)" }
        return try Tensor.make("layerNorm", [self, weight, bias], expected: expected()) {
            ct_layer_norm($0[0], $0[1], $0[2], epsilon, $1, $2)
        }
    }

    /// Every negative element replaced by 0.
    package func relu() throws(TorchError) -> Tensor {
        try Tensor.make("relu", [self]) { ct_relu($0[0], $1, $2) }
    }

    /// x · Φ(x), with the exact normal distribution function rather than the tanh formula.
    package func gelu() throws(TorchError) -> Tensor {
        try Tensor.make("gelu", [self]) { ct_gelu($0[0], $1, $2) }
    }

    /// Every element moved into 0 … 6.
    package func relu6() throws(TorchError) -> Tensor {
        try Tensor.make("relu6", [self]) { ct_relu6($0[0], $1, $2) }
    }

    /// x · clamp(x + 3, 0 … 6) / 6. Source: Howard et al., Searching for MobileNetV3, 2019.
    package func hardSwish() throws(TorchError) -> Tensor {
        try Tensor.make("hardSwish", [self]) { ct_hard_swish($0[0], $1, $2) }
    }

    /// clamp(x + 3, 0 … 6) / 6.
    package func hardSigmoid() throws(TorchError) -> Tensor {
        try Tensor.make("hardSigmoid", [self]) { ct_hard_sigmoid($0[0], $1, $2) }
    }

    /// The largest value of every window of `[N, C, H, W]`.
    package func maxPool2d(
        size: Int, stride: Int, padding: Int = 0
    ) throws(TorchError) -> Tensor {
        try Tensor.make(
            "maxPool2d", [self], expected: "[N, C, H, W] with room for a \(size)×\(size) window"
        ) {
            ct_max_pool2d($0[0], Int64(size), Int64(stride), Int64(padding), $1, $2)
        }
    }

    /// The mean of every window of `[N, C, H, W]`.
    ///
    /// - Parameters:
    ///   - ceil: whether a window that begins inside counts, though it ends outside.
    ///   - countsPadding: whether the zeros of the padding are among what is averaged; what lies
    ///     beyond them never is.
    package func averagePool2d(
        size: Int, stride: Int, padding: Int = 0, ceil: Bool = false, countsPadding: Bool = true
    ) throws(TorchError) -> Tensor {
        try Tensor.make(
            "averagePool2d", [self],
            expected: "[N, C, H, W] with room for a \(size)×\(size) window"
        ) {
            ct_average_pool2d(
                $0[0], Int64(size), Int64(stride), Int64(padding), ceil, countsPadding, $1, $2)
        }
    }

    /// Images of another size, `[N, C, H, W]` to `[N, C, height, width]`, by bicubic interpolation
    /// (a = −0.75; with `antialias` −0.5 and wider where it shrinks, as Pillow does).
    ///
    /// Source: PyTorch's `interpolate(mode="bicubic", align_corners=False)`.
    package func resizedBicubic(
        height: Int, width: Int, antialias: Bool
    ) throws(TorchError) -> Tensor {
        try Tensor.make("resizedBicubic", [self], expected: "[N, C, H, W]") {
            ct_resize_bicubic($0[0], Int64(height), Int64(width), antialias, $1, $2)
        }
    }

    /// The mean of every cell of a grid of the given height and width over `[N, C, H, W]`.
    ///
    /// - Parameter size: `[H', W']`.
    package func adaptiveAveragePool2d(_ size: [Int]) throws(TorchError) -> Tensor {
        guard size.count == 2 else {
            throw .shape("adaptiveAveragePool2d", expected: "[height, width]", found: "\(size)")
        }
        return try Tensor.make("adaptiveAveragePool2d", [self], expected: "[N, C, H, W]") {
            ct_adaptive_average_pool2d($0[0], Int64(size[0]), Int64(size[1]), $1, $2)
        }
    }
}
