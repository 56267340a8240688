import Torch

/// Changes a network's parameters along their gradients by an update rule.
package final class Optimizer {
    /// The parameters it changes.
    package let parameters: OptimizedParameters
    /// Steps taken so far; with `state` all that it remembers.
    package var steps = 0
    private let rule: any UpdateRule
    private let weightDecay: Double
    private let maxGradNorm: Double?
    private let moments: Moments

    /// Makes an optimizer whose moments are zero.
    ///
    /// - Parameters:
    ///   - weightDecay: of the parameters that take any.
    ///   - maxGradNorm: gradients are divided by `max(1, norm / maxGradNorm)` first; `nil` leaves
    ///     them.
    package init(
        _ rule: any UpdateRule, of parameters: OptimizedParameters, weightDecay: Double,
        maxGradNorm: Double?
    ) throws(TorchError) {
        self.rule = rule
        self.parameters = parameters
        self.weightDecay = weightDecay
        self.maxGradNorm = maxGradNorm
        moments = try Moments(type(of: rule).moments, of: parameters)
    }

    /// The moments, named for their kind and parameter: `first.layer1.0.conv1.weight`.
    package var state: [(name: String, tensor: Tensor)] { moments.named(by: parameters.names) }

    /// Applies the gradients that the parameters hold, and overwrites them.
    ///
    /// - Parameter rate: the learning rate of this step.
    /// - Returns: the L2 norm of all gradients together, before clipping; a scalar on the device.
    /// - Throws: `TorchError` if a parameter has no gradient.
    package func step(rate: Double) throws(TorchError) -> Tensor {
        let norm = try gradientNorm()
        try step(rate: rate, norm: norm)
        return norm
    }

    /// The L2 norm of all gradients together; a scalar on the device.
    ///
    /// - Throws: `TorchError` if a parameter has no gradient.
    package func gradientNorm() throws(TorchError) -> Tensor {
        try withoutGrad { () throws(TorchError) in
            try Tensor.stacked(Foreach.norms(parameters.gradients()), dimension: 0)
                .square().sum().sqrt()
        }
    }

    /// Applies the gradients, whose norm is known, and overwrites them.
    ///
    /// - Parameters:
    ///   - rate: the learning rate of this step.
    ///   - norm: what `gradientNorm` found; the caller has seen that it is finite.
    package func step(rate: Double, norm: Tensor) throws(TorchError) {
        try withoutGrad { () throws(TorchError) in
            let gradients = try parameters.gradients()
            if let maxGradNorm {
                let divisor = try (norm / maxGradNorm).clamped(min: 1)
                try Foreach.divide(
                    gradients, by: [Tensor](repeating: divisor, count: gradients.count))
            }
            steps += 1
            try rule.apply(
                gradients, to: parameters, moments,
                at: UpdateStep(number: steps, rate: rate, weightDecay: weightDecay))
        }
    }
}
