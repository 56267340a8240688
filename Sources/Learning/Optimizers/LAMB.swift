import Torch

/// Layer-wise adaptive moments.
///
/// Lineage: You et al. 2019; NVIDIA's NvLamb; timm 1.0.31 `optim/lamb.py` with its defaults (bias
/// correction, gradient averaging, global clipping, no upper bound on the trust ratio). Tensors
/// without weight decay take no trust ratio either, so they move as under Adam. Differences from
/// timm: none in the numbers; the state is a list of moments over all parameters.
package struct LAMB: AdamRule {
    package static let name = "lamb"
    package static let initial = Self()
    /// The published recipe's.
    package static let defaults = RuleDefaults(
        rate: 5e-3, batch: 1536, scaling: .squareRoot, weightDecay: 0.02, maxGradNorm: 1)

    package var betas: Betas
    package var epsilon: Double

    package init(betas: Betas = .standard, epsilon: Double = 1e-6) {
        self.betas = betas
        self.epsilon = epsilon
    }

    package func apply(
        _ gradients: [Tensor], to parameters: OptimizedParameters, _ moments: Moments,
        at step: UpdateStep
    ) throws(TorchError) {
        try accumulate(gradients, in: moments)
        let update = try Foreach.multiplying(
            moments[.first], by: 1 / correction(step: step.number))
        try Foreach.divide(update, by: denominators(moments, step: step.number))
        if step.weightDecay != 0 && !parameters.decayed.isEmpty {
            try scaleByTrust(
                parameters.decayed(of: update), weights: parameters.decayed,
                weightDecay: step.weightDecay)
        }
        try Foreach.add(parameters.tensors, update, scale: -step.rate)
    }

    /// Adds the decay to the updates and multiplies each by its trust ratio ‖w‖ / ‖u‖, which is 1
    /// where either norm is zero.
    private func scaleByTrust(
        _ update: [Tensor], weights: [Tensor], weightDecay: Double
    ) throws(TorchError) {
        try Foreach.add(update, weights, scale: weightDecay)
        let weightNorm = try Tensor.stacked(Foreach.norms(weights), dimension: 0)
        let updateNorm = try Tensor.stacked(Foreach.norms(update), dimension: 0)
        // Booleans multiply as "and": a ratio needs both norms above zero.
        let usable = try weightNorm.greater(than: 0) * updateNorm.greater(than: 0)
        let ones = try Tensor.ones(weightNorm.shape, device: weightNorm.device)
        let ratios = try (weightNorm / updateNorm).where_(usable, ones)
        var list: [Tensor] = []
        for index in update.indices {
            list.append(try ratios.selected(dimension: 0, index: index))
        }
        try Foreach.multiply(update, by: list)
    }
}
