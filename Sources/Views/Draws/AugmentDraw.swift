import Imaging

/// One RandAugment operation that applies, before it meets a size.
///
/// Source: timm 1.0.31, `timm/data/auto_augment.py`.
package struct AugmentDraw: Sendable, Equatable {
    /// The operations of timm's set, in its order; the raw value is timm's name.
    package enum Transform: String, Sendable, CaseIterable {
        /// Stretches each channel to the whole range.
        case autoContrast = "AutoContrast"
        /// Flattens each channel's histogram.
        case equalize = "Equalize"
        /// Inverts each channel.
        case invert = "Invert"
        /// Rotates about the centre.
        case rotate = "Rotate"
        /// Keeps the upper bits.
        case posterize = "Posterize"
        /// Inverts what is at or above a threshold.
        case solarize = "Solarize"
        /// Adds to what is below 128.
        case solarizeAdd = "SolarizeAdd"
        /// Blends with the grey image.
        case color = "Color"
        /// Blends with the mean grey.
        case contrast = "Contrast"
        /// Blends with black.
        case brightness = "Brightness"
        /// Blends with a smoothed image.
        case sharpness = "Sharpness"
        /// Shears along the rows.
        case shearX = "ShearX"
        /// Shears along the columns.
        case shearY = "ShearY"
        /// Moves along the rows by a share of the width.
        case translateX = "TranslateXRel"
        /// Moves along the columns by a share of the height.
        case translateY = "TranslateYRel"
    }

    /// Which operation.
    package let transform: Transform
    /// The magnitude on timm's scale, 0…10.
    package let magnitude: Double
    /// Whether the argument's sign is turned, where the operation has a direction.
    package let negated: Bool
    /// Whether the set whose severity grows with the magnitude is used (`inc1`).
    package let increasing: Bool

    /// Draws a view's operations; those that apply.
    static func draw(
        _ policy: RandAugmentPolicy, from draws: inout DrawStream
    ) -> [AugmentDraw] {
        var applied: [AugmentDraw] = []
        for _ in 0..<policy.operations {
            let (draw, applies) = drawOne(policy, from: &draws)
            if applies { applied.append(draw) }
        }
        return applied
    }

    /// Draws one operation, and whether it applies. Draws, taken either way: which of the 15,
    /// whether it applies, its magnitude, its sign.
    static func drawOne(
        _ policy: RandAugmentPolicy, from draws: inout DrawStream
    ) -> (draw: AugmentDraw, applies: Bool) {
        let transform = Transform.allCases[draws.int(below: Transform.allCases.count)]
        let applies = draws.uniform() < policy.probability
        let mean = Double(policy.magnitude)
        let drawn =
            policy.magnitudeDeviation.isInfinite
            ? draws.uniform(0, mean) : mean + policy.magnitudeDeviation * draws.normal()
        let negated = draws.uniform() >= 0.5
        let draw = AugmentDraw(
            transform: transform, magnitude: max(0, min(drawn, 10)), negated: negated,
            increasing: policy.increasing)
        return (draw, applies)
    }

    /// timm's name of the operation, with `Increasing` where the set has its own variant.
    package var name: String {
        switch transform {
        case .posterize, .solarize, .color, .contrast, .brightness, .sharpness:
            transform.rawValue + (increasing ? "Increasing" : "")
        default: transform.rawValue
        }
    }

    /// The operation's argument as timm computes it from the magnitude, in timm's unit (a
    /// translation is a share of the side); `nil` for operations without one.
    package var argument: Double? {
        let share = magnitude / 10
        return switch transform {
        case .autoContrast, .equalize, .invert: nil
        case .rotate: signed(share * 30)
        case .posterize: posterizeBits(share)
        case .solarize: solarizeThreshold(share)
        case .solarizeAdd: min(128, (share * 110).rounded(.towardZero))
        case .color, .contrast, .brightness, .sharpness:
            increasing ? max(0.1, 1 + signed(share * 0.9)) : share * 1.8 + 0.1
        case .shearX, .shearY: signed(share * 0.3)
        case .translateX, .translateY: signed(share * 0.45)
        }
    }

    /// The operation for a square rendering of `size` pixels.
    package func operation(size: Int) -> PixelOperation {
        let value = argument ?? 0
        return switch transform {
        case .autoContrast: .autoContrast
        case .equalize: .equalize
        case .invert: .invert
        case .rotate: .rotate(degrees: value)
        case .posterize: .posterize(bits: Int(value))
        case .solarize: .solarize(threshold: Int(value))
        case .solarizeAdd: .solarizeAdd(amount: Int(value))
        case .color: .color(value)
        case .contrast: .contrast(value)
        case .brightness: .brightness(value)
        case .sharpness: .sharpness(value)
        case .shearX: .shearX(value)
        case .shearY: .shearY(value)
        case .translateX: .translateX(pixels: value * Double(size))
        case .translateY: .translateY(pixels: value * Double(size))
        }
    }

    /// The operation for a square rendering of `size` pixels, with its name.
    func named(size: Int) -> NamedOperation {
        NamedOperation(
            name: name, magnitude: magnitude, argument: argument, operation: operation(size: size))
    }

    private func signed(_ value: Double) -> Double { negated ? -value : value }

    /// 1…4 bits. timm reaches 0 below magnitude 2.5 (or at 10 with `inc1`), which Pillow refuses;
    /// the nearest that leaves an image is 1.
    private func posterizeBits(_ share: Double) -> Double {
        let bits = (share * 4).rounded(.towardZero)
        return max(1, increasing ? 4 - bits : bits)
    }

    private func solarizeThreshold(_ share: Double) -> Double {
        let threshold = min(256, (share * 256).rounded(.towardZero))
        return increasing ? 256 - threshold : threshold
    }
}
