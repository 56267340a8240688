import Base
import Foundation
import StrictYAML

/// Warm-up by epochs, a cosine by steps, and a flat end.
///
/// Epochs `0...warmup` start at `rate / (warmup + 1)` and rise by equal parts to `rate`; within an
/// epoch of the warm-up the rate stays. Then a half cosine falls to `finalRatio · rate`, and the
/// last `cooldown` epochs hold its last value. Source: SuperGradients `LinearEpochLRWarmup` and
/// `CosineLRScheduler`; the numbers are recipe-spec's section 2.
package struct LearningRateSchedule: Sendable, Equatable {
    package let settings: Settings
    /// The highest rate.
    package let rate: Double
    /// Steps of one epoch.
    package let stepsPerEpoch: Int

    /// Makes a schedule; the warm-up and the cooldown must fit into the epochs.
    package init(_ settings: Settings, rate: Double, stepsPerEpoch: Int) {
        precondition(
            settings.warmup + settings.cooldown <= settings.epochs && stepsPerEpoch > 0)
        self.settings = settings
        self.rate = rate
        self.stepsPerEpoch = stepsPerEpoch
    }

    /// The rate that one step uses.
    package func rate(epoch: Int, step: Int) -> Double {
        let (epochs, warmup, cooldown) = (settings.epochs, settings.warmup, settings.cooldown)
        if epoch < warmup {
            let first = rate / Double(warmup + 1)
            return first + Double(epoch) * (rate - first) / Double(warmup)
        }
        let cosineEpochs = epochs - warmup - cooldown
        guard cosineEpochs > 0 else { return rate }
        // The rate is renewed after each step, for the next one; so a step sees the value of the
        // step before it, and the first one after the warm-up still has the full rate.
        let length = stepsPerEpoch * cosineEpochs
        let done = min(stepsPerEpoch * (epoch - warmup) + step, length) - 1
        guard done >= 0 else { return rate }
        let cosine = 0.5 * (1 + cos(Double.pi * Double(done) / Double(length + 1)))
        return rate * ((1 - settings.finalRatio) * cosine + settings.finalRatio)
    }
}

extension LearningRateSchedule {
    /// Section `schedule` of a recipe.
    package struct Settings: Section, Equatable {
        package var epochs: Int
        package var warmup: Int
        package var cooldown: Int
        package var finalRatio: Double

        package init(epochs: Int, warmup: Int = 0, cooldown: Int = 0, finalRatio: Double = 0) {
            self.epochs = epochs
            self.warmup = warmup
            self.cooldown = cooldown
            self.finalRatio = finalRatio
        }

        package static let initial = Self(
            epochs: 610, warmup: 5, cooldown: 10, finalRatio: 0.01)
        package static let keys: [Key<Self>] = [
            Key(
                "epochs", \.epochs, .integer(in: Limits.epochs), hasDefault: true,
                "training epochs in all"),
            Key(
                "warmup", \.warmup, .integer(in: 0...Limits.epochs.upperBound), hasDefault: true,
                "epochs of warm-up at the start"),
            Key(
                "cooldown", \.cooldown, .integer(in: 0...Limits.epochs.upperBound),
                hasDefault: true,
                "epochs at the final rate at the end"),
            Key(
                "final_ratio", \.finalRatio, .number(in: .share), hasDefault: true,
                "the final learning rate as a share of `optimizer.lr`"),
        ]

        package func check(_ section: SectionReader) throws(YAMLError) {
            try section.check("epochs", "warmup", "cooldown") { () throws(YAMLError) in
                guard warmup + cooldown <= epochs else {
                    throw section.error(
                        "epochs",
                        "schedule.epochs \(epochs) is less than warmup \(warmup) + cooldown "
                            + "\(cooldown): raise it to \(warmup + cooldown), or lower these"
                    )
                }
            }
        }
    }
}
