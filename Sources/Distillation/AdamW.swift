import Torch

/// Adam with decoupled weight decay, as PyTorch's `torch.optim.AdamW`.
///
/// Source: Loshchilov and Hutter 2017. Each step: `w ← w · (1 - rate · decay)`, then
/// `w ← w - rate · m̂ / (√v̂ + ε)`.
package final class AdamW: Optimizer {
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
        epsilon: Double = 1e-8, weightDecay: Double, maxGradNorm: Double? = nil
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
        if weightDecay != 0 && parameters.decayed > 0 {
            try Foreach.multiply(
                Array(parameters.tensors[..<parameters.decayed]), by: 1 - rate * weightDecay)
        }
        try moments.accumulate(gradients)
        try Foreach.addQuotients(
            parameters.tensors, moments.first, moments.denominators(step: steps),
            scale: -rate / moments.correction(step: steps))
    }
}
