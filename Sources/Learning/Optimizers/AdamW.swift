import Torch

/// Adam with decoupled weight decay, as PyTorch's `torch.optim.AdamW`.
///
/// Source: Loshchilov and Hutter 2017. Each step: `w ← w · (1 - rate · decay)`, then
/// `w ← w - rate · m̂ / (√v̂ + ε)`.
package struct AdamW: UpdateRule, Equatable {
    package static let name = "adamw"
    package static let moments = AdamMoments.kinds

    private let adam: AdamMoments

    package init(_ adam: AdamMoments = AdamMoments(epsilon: 1e-8)) { self.adam = adam }

    package func apply(
        _ gradients: [Tensor], to parameters: OptimizedParameters, _ moments: Moments,
        at step: UpdateStep
    ) throws(TorchError) {
        let decayed = parameters.decayed
        if step.weightDecay != 0 && !decayed.isEmpty {
            try Foreach.multiply(decayed, by: 1 - step.rate * step.weightDecay)
        }
        try adam.accumulate(gradients, in: moments)
        try Foreach.addQuotients(
            parameters.tensors, moments[.first], adam.denominators(moments, step: step.number),
            scale: -step.rate / adam.correction(step: step.number))
    }
}
