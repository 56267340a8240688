import StrictYAML

/// Color jitter: brightness, contrast, saturation and hue, in an order of its own for each view:
/// section `view.color_jitter`.
///
/// The factor of each of the first three is uniform in [max(0, 1 - amount), 1 + amount], the turn of
/// the hue in [-hue, hue]; an amount of 0 switches its operation off.
///
/// Source: torchvision 0.26, `ColorJitter`, as timm 1.0.31 uses it.
package struct ColorJitterSettings: Section, Equatable {
    package var brightness = 0.0
    package var contrast = 0.0
    package var saturation = 0.0
    package var hue = 0.0
    package var probability = 1.0

    /// Beyond 100 every pixel is at an end of its range.
    private static let amounts = NumberBounds.range(0...100)

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key(
            "brightness", \.brightness, .number(in: amounts),
            "how far the factor of the brightness may go from 1"),
        Key(
            "contrast", \.contrast, .number(in: amounts),
            "how far the factor of the contrast may go from 1"),
        Key(
            "saturation", \.saturation, .number(in: amounts),
            "how far the factor of the saturation may go from 1"),
        Key(
            "hue", \.hue, .number(in: .range(0...0.5)), hasDefault: true,
            "how far the hue may turn, as a share of the circle"),
        Key(
            "probability", \.probability, .number(in: .share), hasDefault: true,
            "the probability that a view is jittered at all"),
    ]

    package func check(_ section: SectionReader) throws(YAMLError) {
        guard brightness + contrast + saturation + hue > 0 else {
            throw section.error(
                "brightness",
                "view.color_jitter: brightness, contrast, saturation and hue are all 0; "
                    + "write color_jitter: none")
        }
    }
}
