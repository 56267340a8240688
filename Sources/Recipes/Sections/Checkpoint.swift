import Base
import StrictYAML

extension Recipe {
    /// How often a resumable state is written.
    package struct Checkpoint: Section, Equatable {
        package var everySteps = 500

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key(
                "every_steps", \.everySteps, .integer(in: Limits.steps), hasDefault: true,
                "optimizer steps between two checkpoints")
        ]
    }
}
