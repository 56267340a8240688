import StrictYAML
import Torch

/// One term of a loss. Its keys are the constants of its own, beside its weight.
package protocol LossTerm: Section, Equatable {
    /// What recipes, records and checkpoints call it.
    static var name: String { get }

    /// What it measures, for the documentation of recipes; no full stop.
    static var summary: String { get }

    /// Whether it compares with a teacher's responses.
    static var needsTeacher: Bool { get }

    /// Whether every recipe names its weight and every record its figure, also where it is 0.
    static var isAlwaysTold: Bool { get }

    /// The term's mean over a group; a float32 scalar that can be differentiated.
    func value(of inputs: LossInputs) throws(TorchError) -> Tensor
}

/// What the terms of a loss are computed of.
package struct LossInputs {
    /// The logarithms of the student's probabilities, `[B, C]`, float32.
    package let logProbabilities: Tensor
    /// The student's logits, `[B, C]`, float32.
    package let logits: Tensor
    /// Label distributions, `[B, C]`, float32.
    package let targets: Tensor
    /// The teacher's probabilities, `[B, C]`, float32; `nil` without a teacher.
    package let teacher: Tensor?

    /// The number of images.
    package var batch: Int { logits.shape[0] }

    /// - Parameter logits: of any floating type.
    package init(logits: Tensor, targets: Tensor, teacher: Tensor?) throws(TorchError) {
        self.logits = try logits.to(.float32)
        logProbabilities = try self.logits.logSoftmax(dimension: -1)
        self.targets = targets
        self.teacher = teacher
    }
}
