import StrictYAML
import Torch

/// Stochastic gradient descent with momentum, as PyTorch's `torch.optim.SGD` without dampening.
///
/// The decay is added to the gradient, which is overwritten; the velocity starts as the first
/// gradient.
package struct SGD: UpdateRule {
    package static let name = "sgd"
    package static let moments: [Moments.Kind] = [.velocity]

    package static let initial = Self()
    /// ResNet's (He et al. 2015, section 3.4).
    package static let defaults = RuleDefaults(
        rate: 0.1, batch: 256, scaling: .linear, weightDecay: 1e-4, maxGradNorm: nil)
    package static let keys: [Key<Self>] = [
        Key(
            "momentum", \.momentum, .number(in: .belowOne), hasDefault: true,
            "the share of the last update that is kept; 0 for none"),
        Key(
            "nesterov", \.nesterov, .boolean, hasDefault: true,
            "whether the gradient is taken ahead, after Nesterov; needs a momentum"),
    ]

    package var momentum: Double
    package var nesterov: Bool

    package init(momentum: Double = 0.9, nesterov: Bool = false) {
        self.momentum = momentum
        self.nesterov = nesterov
    }

    package func check(_ section: SectionReader) throws(YAMLError) {
        try section.check("momentum", "nesterov") { () throws(YAMLError) in
            guard momentum > 0 || !nesterov else {
                throw section.error("nesterov", "optimizer.nesterov needs a momentum above 0")
            }
        }
    }

    package func apply(
        _ gradients: [Tensor], to parameters: OptimizedParameters, _ moments: Moments,
        at step: UpdateStep
    ) throws(TorchError) {
        let velocity = moments[.velocity]
        if step.weightDecay != 0 && !parameters.decayed.isEmpty {
            try Foreach.add(
                parameters.decayed(of: gradients), parameters.decayed, scale: step.weightDecay)
        }
        try Foreach.multiply(velocity, by: momentum)
        try Foreach.add(velocity, gradients, scale: 1)
        if nesterov {
            try Foreach.add(gradients, velocity, scale: momentum)
            try Foreach.add(parameters.tensors, gradients, scale: -step.rate)
        } else {
            try Foreach.add(parameters.tensors, velocity, scale: -step.rate)
        }
    }
}
