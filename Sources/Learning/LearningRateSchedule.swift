import Foundation

/// Warm-up by epochs, a cosine by steps, and a flat end.
///
/// Epochs `0...warmup` start at `rate / (warmup + 1)` and rise by equal parts to `rate`; within an
/// epoch of the warm-up the rate stays. Then a half cosine falls to `finalRatio · rate`, and the
/// last `cooldown` epochs hold its last value. Source: SuperGradients `LinearEpochLRWarmup` and
/// `CosineLRScheduler`; the numbers are recipe-spec's section 2.
package struct LearningRateSchedule: Sendable, Equatable {
    /// The highest rate.
    package let rate: Double
    /// Epochs in all.
    package let epochs: Int
    /// Epochs of warm-up.
    package let warmup: Int
    /// Epochs at the end with a constant rate.
    package let cooldown: Int
    /// The last rate over the highest.
    package let finalRatio: Double
    /// Steps of one epoch.
    package let stepsPerEpoch: Int

    /// Makes a schedule; the warm-up and the cooldown must fit into the epochs.
    package init(
        rate: Double, epochs: Int, warmup: Int, cooldown: Int, finalRatio: Double,
        stepsPerEpoch: Int
    ) {
        precondition(warmup + cooldown <= epochs && stepsPerEpoch > 0)
        self.rate = rate
        self.epochs = epochs
        self.warmup = warmup
        self.cooldown = cooldown
        self.finalRatio = finalRatio
        self.stepsPerEpoch = stepsPerEpoch
    }

    /// The rate that one step uses.
    package func rate(epoch: Int, step: Int) -> Double {
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
        return rate * ((1 - finalRatio) * cosine + finalRatio)
    }
}
