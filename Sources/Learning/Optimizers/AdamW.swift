import Torch

/// Adam with decoupled weight decay, as PyTorch's `torch.optim.AdamW`.
///
/// Source: Loshchilov and Hutter 2017. Each step: `w ← w · (1 - rate · decay)`, then
/// `w ← w - rate · m̂ / (√v̂ + ε)`.
package struct AdamW: AdamRule {
    package static let name = "adamw"
    package static let initial = Self()
    /// DeiT's at its batch of 1024 (Touvron et al. 2020, table 9).
    package static let defaults = RuleDefaults(
        rate: 1e-3, batch: 1024, scaling: .squareRoot, weightDecay: 0.05, maxGradNorm: nil)

    package var betas: Betas
    package var epsilon: Double

    package init(betas: Betas = .standard, epsilon: Double = 1e-8) {
        self.betas = betas
        self.epsilon = epsilon
    }

    package func apply(
        _ gradients: [Tensor], to parameters: OptimizedParameters, _ moments: Moments,
        at step: UpdateStep
    ) throws(TorchError) {
        let decayed = parameters.decayed
        if step.weightDecay != 0 && !decayed.isEmpty {
            try Foreach.multiply(decayed, by: 1 - step.rate * step.weightDecay)
        }
        try accumulate(gradients, in: moments)
        try Foreach.addQuotients(
            parameters.tensors, moments[.first], denominators(moments, step: step.number),
            scale: -step.rate / correction(step: step.number))
    }
}
