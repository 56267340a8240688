import Torch

/// Layer-wise adaptive moments.
///
/// Lineage: You et al. 2019; NVIDIA's NvLamb; timm 1.0.31 `optim/lamb.py` with its defaults (bias
/// correction, gradient averaging, global clipping, no upper bound on the trust ratio). Tensors
/// without weight decay take no trust ratio either, so they move as under Adam. Differences from
/// timm: none in the numbers; the state is a list of moments over all parameters.
package final class LAMB: Optimizer {
    /// The parameters it changes.
    package let parameters: OptimizedParameters
    /// Steps taken so far.
    package var steps = 0
    /// Gradients are divided by `max(1, norm / maxGradNorm)` first; `nil` leaves them.
    package let maxGradNorm: Double?
    private let weightDecay: Double
    private let moments: Moments

    /// Makes an optimizer with zero moments.
    package init(
        _ parameters: OptimizedParameters, betas: (Double, Double) = (0.9, 0.999),
        epsilon: Double = 1e-6, weightDecay: Double, maxGradNorm: Double? = 1
    ) throws(TorchError) {
        self.parameters = parameters
        self.weightDecay = weightDecay
        self.maxGradNorm = maxGradNorm
        moments = try Moments(parameters, betas: betas, epsilon: epsilon)
    }

    /// First and second moments of every parameter.
    package var state: [(name: String, tensor: Tensor)] {
        parameters.named("first", moments.first)
            + parameters.named("second", moments.second)
    }

    /// Changes the parameters along clipped gradients.
    package func apply(_ gradients: [Tensor], rate: Double) throws(TorchError) {
        try moments.accumulate(gradients)
        let update = try Foreach.multiplying(
            moments.first, by: 1 / moments.correction(step: steps))
        try Foreach.divide(update, by: moments.denominators(step: steps))
        if weightDecay != 0 && parameters.decayed > 0 {
            try scaleByTrust(Array(update[..<parameters.decayed]))
        }
        try Foreach.add(parameters.tensors, update, scale: -rate)
    }

    /// Adds the decay to the updates and multiplies each by its trust ratio ‖w‖ / ‖u‖, which is 1
    /// where either norm is zero.
    private func scaleByTrust(_ update: [Tensor]) throws(TorchError) {
        let weights = Array(parameters.tensors[..<parameters.decayed])
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
