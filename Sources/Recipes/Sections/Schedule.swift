import Base
import StrictYAML

extension Recipe {
    /// The course of the learning rate: a staircase up, half a cosine down, a plateau.
    package struct Schedule: Section, Equatable {
        package var epochs = 1
        package var warmup = 0
        package var cooldown = 0
        package var finalRatio = 0.0

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key("epochs", \.epochs, .integer(in: Limits.epochs), "training epochs in all"),
            Key(
                "warmup", \.warmup, .integer(in: 0...Limits.epochs.upperBound),
                "epochs of warm-up at the start"),
            Key(
                "cooldown", \.cooldown, .integer(in: 0...Limits.epochs.upperBound),
                "epochs at the final rate at the end"),
            Key(
                "final_ratio", \.finalRatio, .number(in: .share),
                "the final learning rate as a share of `optimizer.lr`"),
        ]

        package func check(_ section: SectionReader) throws(YAMLError) {
            guard warmup + cooldown <= epochs else {
                throw section.error(
                    "epochs",
                    "schedule.epochs \(epochs) is less than warmup \(warmup) + cooldown \(cooldown)"
                )
            }
        }
    }
}
