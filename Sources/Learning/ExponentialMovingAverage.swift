import Foundation
import Models
import StrictYAML
import Torch

/// A running mean of a network's weights and BN statistics, in a second copy of the network.
///
/// `shadow ← d · shadow + (1 - d) · weights` over every floating-point entry; integer buffers keep
/// their first value. The decay ramps up from zero: `d(k) = decay · (1 - exp(-beta · k / K))` after
/// step k of K. Source: SuperGradients `ModelEMA` with `exp_decay_type: exp`; recipe-spec section 3.
package final class ExponentialMovingAverage {
    /// The averaged network.
    package let network: any ImageClassifier
    package let settings: Settings
    private let shadow: [Tensor]
    private let source: [Tensor]

    /// Starts the average as a copy of a network.
    ///
    /// - Parameters:
    ///   - network: the network that is trained.
    ///   - copy: another of the same architecture; it is overwritten.
    /// - Throws: `TorchError` if the two differ in their parameters.
    package init(
        of network: any ImageClassifier, into copy: any ImageClassifier, settings: Settings
    ) throws(TorchError) {
        let floating = { (store: ParameterStore) in
            store.entries.map(\.tensor).filter { $0.dtype == .float32 }
        }
        self.network = copy
        self.settings = settings
        source = floating(network.store)
        shadow = floating(copy.store)
        for entry in copy.store.entries { try entry.tensor.setRequiresGrad(false) }
        try withoutGrad { () throws(TorchError) in try Foreach.copy(shadow, from: source) }
    }

    /// The decay after step `k` of `total`, counted from 1.
    package static func decay(_ decay: Double, beta: Double, step k: Int, of total: Int) -> Double {
        decay * (1 - exp(-beta * Double(k) / Double(total)))
    }

    /// Moves the average towards the network's present weights.
    ///
    /// - Returns: the decay used.
    @discardableResult
    package func update(step k: Int, of total: Int) throws(TorchError) -> Double {
        let d = Self.decay(settings.decay, beta: settings.beta, step: k, of: total)
        try withoutGrad { () throws(TorchError) in
            try Foreach.lerp(shadow, to: source, weight: 1 - d)
        }
        return d
    }
}

extension ExponentialMovingAverage {
    /// Section `ema` of a recipe.
    package struct Settings: Section, Equatable {
        package var decay: Double
        package var beta: Double

        package init(decay: Double, beta: Double) {
            self.decay = decay
            self.beta = beta
        }

        package static let initial = Self(decay: 0.9999, beta: 15)
        package static let keys: [Key<Self>] = [
            Key(
                "decay", \.decay, .number(in: .belowOne), hasDefault: true,
                "the decay that the ramp approaches"),
            Key(
                "beta", \.beta, .number(in: .positive), hasDefault: true,
                "the ramp's steepness over the whole run"),
        ]
    }
}
