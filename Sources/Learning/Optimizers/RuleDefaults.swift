import Foundation

/// What a recipe that names an update rule and says no more of it is trained with.
package struct RuleDefaults: Sendable {
    /// The learning rate for steps of `batch` slots.
    let rate: Double
    let batch: Int
    let scaling: Scaling
    package let weightDecay: Double
    package let maxGradNorm: Double?

    /// How the rate follows the slots of a step.
    package enum Scaling: Sendable {
        /// With their root: for rules that divide by the gradients' size (You et al. 2019, section 4;
        /// Malladi et al. 2022).
        case squareRoot
        /// With their number (Goyal et al. 2017).
        case linear
    }

    /// The learning rate for steps of `size` slots, to three digits.
    package func rate(size: Int) -> Double {
        let ratio = Double(size) / Double(batch)
        let rate =
            switch scaling {
            case .squareRoot: rate * ratio.squareRoot()
            case .linear: rate * ratio
            }
        return Double(String(format: "%.2e", rate)) ?? rate
    }

    /// The rate in words, for the documentation.
    package var rateText: String {
        let root = if case .squareRoot = scaling { "the root of " } else { "" }
        return "\(rate) times \(root)`batch.size` / \(batch)"
    }
}
