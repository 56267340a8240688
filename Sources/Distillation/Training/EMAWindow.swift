import Base
import Foundation
import Learning
import Recipes

/// How far back a recipe's moving average looks at the end of the run.
///
/// Longer than a quarter of the run it still holds much of the weights of the beginning, and is worse
/// than the network that it averages.
package struct EMAWindow: Equatable, Sendable {
    /// The largest share of the run that it may be.
    static let largestShare = 0.25
    /// The share that is advised where it is larger.
    private static let advisedShare = 0.1

    /// Steps after which weights count e times less: `1 / (1 - decay)`, at the end of the decay's ramp.
    package let steps: Double
    /// Steps of the run.
    package let runSteps: Int

    /// - Returns: `nil` for a recipe without a moving average.
    package init?(recipe: Recipe, runSteps: Int) {
        guard let ema = recipe.ema else { return nil }
        let decay = ExponentialMovingAverage.decay(
            ema.decay, beta: ema.beta, step: runSteps, of: runSteps)
        steps = 1 / (1 - decay)
        self.runSteps = runSteps
    }

    /// What is said of a window that is too long, in one line; `nil` of any other.
    package var warning: String? {
        guard steps > Self.largestShare * Double(runSteps) else { return nil }
        let advice =
            advisedDecay.map { "set ema.decay to \($0)" } ?? "set ema to none, or train for longer"
        return "ema: a window of \(Int(steps.rounded()).grouped) steps in a run of "
            + "\(runSteps.grouped); \(advice)"
    }

    /// A decay whose window is about a tenth of the run, with as few digits as say so; `nil` where a run
    /// is too short for one.
    private var advisedDecay: String? {
        let rest = 1 / (Self.advisedShare * Double(runSteps))
        guard rest < 0.5 else { return nil }
        let digits = Int((-log10(rest)).rounded(.up))
        let unit = pow(10, -Double(digits))
        // Not up by one where a quotient that is whole comes out a little above.
        let units = (rest / unit - 1e-9).rounded(.up)
        return String(format: "%.*f", digits, 1 - units * unit)
    }
}
