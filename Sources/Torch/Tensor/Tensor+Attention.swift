import CTorch

/// What computes an attention.
package enum AttentionKernel: Sendable, Equatable {
    /// What libtorch holds to be the fastest: the flash, the memory-efficient or, where no gradient is
    /// recorded, cuDNN's kernel.
    case fused
    /// Two products with a softmax between them, which keep `[N, heads, L, S]` for the backward pass.
    case products

    /// The kernel for an attention, unless somebody asks for one.
    ///
    /// With a bias and a gradient on a CUDA device no fused kernel is trusted. The memory-efficient
    /// one errs where S % 32 is 1, as of a ViT's 577 tokens, with keys of stride 0 (pytorch#191937),
    /// and sums the gradient of a bias in no fixed order; the flash one takes no bias. A teacher's
    /// attention has no gradient, and the CPU's kernels none of these faults.
    package static func chosen(
        on device: Device, hasBias: Bool, recordsGradient: Bool
    ) -> AttentionKernel {
        guard case .cuda = device else { return .fused }
        return hasBias && recordsGradient ? .products : .fused
    }
}

extension Tensor {
    /// Scaled dot-product attention: softmax(scale · query · keyᵀ + bias) · value.
    ///
    /// - Parameters:
    ///   - query: `[N, heads, L, E]`.
    ///   - key: `[N, heads, S, E]`.
    ///   - value: `[N, heads, S, V]`.
    ///   - bias: broadcast to `[N, heads, L, S]`, of the dtype of `query`; or bool, true to attend.
    ///   - scale: nil for 1 / √E.
    ///   - kernel: nil for `AttentionKernel.chosen`.
    /// - Returns: `[N, heads, L, V]`.
    package static func attention(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, bias: Tensor? = nil,
        scale: Double? = nil, kernel: AttentionKernel? = nil
    ) throws(TorchError) -> Tensor {
        let kernel =
            kernel
            ?? .chosen(
                on: query.device, hasBias: bias != nil,
                recordsGradient: [query, key, value, bias].contains {
                    $0?.requiresGrad == true
                })
        return try make(
            "attention", [query, key, value, bias],
            expected: "[N, heads, L, E], [N, heads, S, E], [N, heads, S, V] and a bias that "
                + "broadcasts to [N, heads, L, S]"
        ) {
            ct_attention(
                $0[0], $0[1], $0[2], $0[3], scale != nil, scale ?? 0, kernel == .fused, $1, $2)
        }
    }
}
