import Torch

/// How parameters follow their gradients: a rule's constants, and what it does with them.
package protocol UpdateRule: Sendable {
    /// The rule's name in recipes.
    static var name: String { get }

    /// What it keeps for each parameter.
    static var moments: [Moments.Kind] { get }

    /// Changes parameters and moments along clipped gradients, which it may overwrite; without
    /// gradient tracking.
    func apply(
        _ gradients: [Tensor], to parameters: OptimizedParameters, _ moments: Moments,
        at step: UpdateStep
    ) throws(TorchError)
}

/// What an update rule is told of a step.
package struct UpdateStep {
    /// Which step it is, from 1.
    package let number: Int
    /// The learning rate.
    package let rate: Double
    /// The weight decay of the parameters that take any.
    package let weightDecay: Double
}
