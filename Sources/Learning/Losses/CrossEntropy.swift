import StrictYAML
import Torch

/// The cross-entropy of label distributions, in nats: `-Σ y · ln p`, the mean over the images that
/// have a label. Of a group without any it is 0.
package struct CrossEntropy: LossTerm {
    package static let name = "ce"
    package static let summary = "the cross-entropy with the mixed, smoothed labels"
    package static let needsTeacher = false
    package static let isAlwaysTold = true

    package static let initial = Self()
    package static let keys: [Key<Self>] = []

    package init() {}

    package func value(of inputs: LossInputs) throws(TorchError) -> Tensor {
        try (inputs.targets * inputs.logProbabilities).sum() * (-1 / Double(max(inputs.labeled, 1)))
    }
}
