import CTorch

// What layers are made of. Backward passes are libtorch's.
extension Tensor {
    /// Convolves a batch of images.
    ///
    /// - Parameters:
    ///   - weight: `[out, in, k, l]`, of the dtype of `self`.
    ///   - bias: `[out]`.
    /// - Returns: `[N, out, H', W']` with `H' = (H + 2·padding − k) / stride + 1`.
    /// - Throws: `TorchError` if the channel counts differ or the kernel is larger than the image.
    package func conv2d(
        _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0
    ) throws(TorchError) -> Tensor {
        let expected = {
            let weights = weight.shape
            return "input [N, \(weights.count == 4 ? "\(weights[1])" : "C"), H, W] "
                + "for weight \(weights)"
        }
        return try Tensor.make("conv2d", [self, weight, bias], expected: expected()) {
            ct_conv2d($0[0], $0[1], $0[2], Int64(stride), Int64(padding), $1, $2)
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

    /// Scaled dot-product attention: softmax(scale · query · keyᵀ + bias) · value.
    ///
    /// - Parameters:
    ///   - query: `[N, heads, L, E]`.
    ///   - key: `[N, heads, S, E]`.
    ///   - value: `[N, heads, S, V]`.
    ///   - bias: broadcast to `[N, heads, L, S]`, of the dtype of `query`; or bool, true to attend.
    ///   - scale: nil for 1 / √E.
    /// - Returns: `[N, heads, L, V]`.
    package static func attention(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, bias: Tensor? = nil, scale: Double? = nil
    ) throws(TorchError) -> Tensor {
        try make(
            "attention", [query, key, value, bias],
            expected: "[N, heads, L, E], [N, heads, S, E], [N, heads, S, V] and a bias that "
                + "broadcasts to [N, heads, L, S]"
        ) {
            ct_attention($0[0], $0[1], $0[2], $0[3], scale != nil, scale ?? 0, $1, $2)
        }
    }
}
