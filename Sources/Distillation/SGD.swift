import Torch

/// Stochastic gradient descent with momentum, as PyTorch's `torch.optim.SGD` without dampening.
///
/// The decay is added to the gradient; the velocity starts as the first gradient.
package final class SGD: Optimizer {
    /// The parameters it changes.
    package let parameters: OptimizedParameters
    /// Steps taken so far.
    package var steps = 0
    /// Gradients are divided by `max(1, norm / maxGradNorm)` first; `nil` leaves them.
    package let maxGradNorm: Double?
    private let momentum: Double
    private let nesterov: Bool
    private let weightDecay: Double
    private let velocity: [Tensor]

    /// Makes an optimizer with zero velocity, from which the first step makes the first gradient.
    package init(
        _ parameters: OptimizedParameters, momentum: Double = 0.9, nesterov: Bool = false,
        weightDecay: Double, maxGradNorm: Double? = nil
    ) throws(TorchError) {
        self.parameters = parameters
        self.momentum = momentum
        self.nesterov = nesterov
        self.weightDecay = weightDecay
        self.maxGradNorm = maxGradNorm
        velocity = try parameters.zeros()
    }

    /// The velocity of every parameter.
    package var state: [(name: String, tensor: Tensor)] {
        parameters.named("velocity", velocity)
    }

    /// Changes the parameters along clipped gradients, which it overwrites.
    package func apply(_ gradients: [Tensor], rate: Double) throws(TorchError) {
        if weightDecay != 0 && parameters.decayed > 0 {
            try Foreach.add(
                Array(gradients[..<parameters.decayed]),
                Array(parameters.tensors[..<parameters.decayed]), scale: weightDecay)
        }
        try Foreach.multiply(velocity, by: momentum)
        try Foreach.add(velocity, gradients, scale: 1)
        if nesterov {
            try Foreach.add(gradients, velocity, scale: momentum)
            try Foreach.add(parameters.tensors, gradients, scale: -rate)
        } else {
            try Foreach.add(parameters.tensors, velocity, scale: -rate)
        }
    }
}
