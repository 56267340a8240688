import Imaging

/// A view's color jitter: what is done, in order.
///
/// Source: torchvision 0.26, `ColorJitter`.
package struct ColorJitterDraw: Sendable, Equatable {
    /// One of the four operations.
    package enum Change: Sendable, Equatable {
        /// Multiplies by the factor.
        case brightness(Double)
        /// Moves away from the mean lightness, or towards it below 1.
        case contrast(Double)
        /// Moves away from grey, or towards it below 1.
        case saturation(Double)
        /// Turns the hue by a share of the circle.
        case hue(Double)
    }

    /// The operations whose amount is not 0, in the order in which they are done.
    package let changes: [Change]

    /// Draws a view's jitter; `nil` if the view is spared.
    ///
    /// Draws, all taken whether or not they are used: whether the view is jittered; the order, by
    /// Fisher and Yates (from the last place down to the second, place `i` is swapped with place
    /// `int(below: i + 1)`); the factors of brightness, contrast and saturation and the hue's turn.
    static func draw(
        _ rule: ColorJitterSettings, from draws: inout DrawStream
    ) -> ColorJitterDraw? {
        let applies = draws.uniform() < rule.probability
        var order = [0, 1, 2, 3]
        for place in [3, 2, 1] { order.swapAt(place, draws.int(below: place + 1)) }
        func factor(_ amount: Double) -> Double { draws.uniform(max(0, 1 - amount), 1 + amount) }
        let drawn: [(amount: Double, change: Change)] = [
            (rule.brightness, .brightness(factor(rule.brightness))),
            (rule.contrast, .contrast(factor(rule.contrast))),
            (rule.saturation, .saturation(factor(rule.saturation))),
            (rule.hue, .hue(draws.uniform(-rule.hue, rule.hue))),
        ]
        guard applies else { return nil }
        return ColorJitterDraw(
            changes: order.map { drawn[$0] }.filter { $0.amount > 0 }.map(\.change))
    }

    /// The operations with the names that RandAugment has for them, and `Hue`.
    var named: [NamedOperation] {
        changes.map { change in
            let (name, value, operation): (String, Double, PixelOperation) =
                switch change {
                case .brightness(let factor): ("Brightness", factor, .brightness(factor))
                case .contrast(let factor): ("Contrast", factor, .contrast(factor))
                case .saturation(let factor): ("Color", factor, .color(factor))
                case .hue(let share): ("Hue", share, .hue(share))
                }
            return NamedOperation(
                name: name, magnitude: nil, argument: value, operation: operation)
        }
    }
}
