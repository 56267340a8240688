import Torch

/// Stochastic gradient descent with momentum, as PyTorch's `torch.optim.SGD` without dampening.
///
/// The decay is added to the gradient, which is overwritten; the velocity starts as the first
/// gradient.
package struct SGD: UpdateRule, Equatable {
    package static let name = "sgd"
    package static let moments: [Moments.Kind] = [.velocity]

    private let momentum: Double
    private let nesterov: Bool

    package init(momentum: Double = 0.9, nesterov: Bool = false) {
        self.momentum = momentum
        self.nesterov = nesterov
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
