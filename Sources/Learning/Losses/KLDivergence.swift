import StrictYAML
import Torch

/// The divergence from a teacher's responses at temperature 1, in nats: `Σ q · (ln q - ln p)`.
package struct KLDivergence: LossTerm {
    package static let name = "kl"
    package static let summary =
        "the divergence from the teacher's response; above 0 it needs a teacher"
    package static let needsTeacher = true
    package static let isAlwaysTold = true

    package static let initial = Self()
    package static let keys: [Key<Self>] = []

    package init() {}

    package func value(of inputs: LossInputs) throws(TorchError) -> Tensor {
        guard let teacher = inputs.teacher else {
            throw TorchError(operation: Self.name, message: "there is no teacher")
        }
        // 0 · ln 0 = 0: the clamp only keeps the logarithm finite.
        let logQ = try teacher.clamped(min: 1e-30).log()
        return try (teacher * (logQ - inputs.logProbabilities)).sum() / Double(inputs.batch)
    }
}
