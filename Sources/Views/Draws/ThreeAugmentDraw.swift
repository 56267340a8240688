import Imaging

/// The one operation that three-augment gives a view; it always applies.
///
/// Source: Touvron, Cord and Jégou, "DeiT III: revenge of the ViT", 2022; timm 1.0.31,
/// `auto_augment_policy_3a`.
package enum ThreeAugmentDraw: Sendable, Equatable {
    /// Values of at least 128 are inverted.
    case solarize
    /// The colours become their greys.
    case greyscale
    /// The rendering is blurred; the radius is in its own pixels, whatever its size.
    case gaussianBlur(radius: Double)

    /// Draws, in this order, which of the three it is, and the radius, uniform in 0.1…2 (drawn for
    /// the other two as well).
    static func draw(from draws: inout DrawStream) -> ThreeAugmentDraw {
        let which = draws.int(below: 3)
        let radius = draws.uniform(0.1, 2)
        return [.solarize, .greyscale, .gaussianBlur(radius: radius)][which]
    }

    /// The operation with its name.
    var named: NamedOperation {
        switch self {
        case .solarize:
            NamedOperation(
                name: "Solarize", magnitude: nil, argument: 128,
                operation: .solarize(threshold: 128))
        case .greyscale:
            NamedOperation(name: "Greyscale", magnitude: nil, argument: nil, operation: .greyscale)
        case .gaussianBlur(let radius):
            NamedOperation(
                name: "GaussianBlur", magnitude: nil, argument: radius,
                operation: .gaussianBlur(radius: radius))
        }
    }
}
