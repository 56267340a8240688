import Torch

/// The cross-entropy of label distributions, in nats: `-Σ y · ln p`.
package struct CrossEntropy: LossTerm {
    package static let name = "ce"
    package static let needsTeacher = false
    package static let isAlwaysTold = true

    package init() {}

    package func value(of inputs: LossInputs) throws(TorchError) -> Tensor {
        try (inputs.targets * inputs.logProbabilities).sum() * (-1 / Double(inputs.batch))
    }
}
