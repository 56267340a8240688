import StrictYAML

/// Random erasing: boxes of a view are painted over: section `view.erasing`.
///
/// Source: Zhong et al., "Random erasing data augmentation", 2017, in the form of timm 1.0.31's
/// `RandomErasing`. The one difference: timm erases floats after normalising, this package the
/// 8-bit view before it, so that what is shown, stored and mixed is what was drawn. A fill is
/// what timm's would be, taken back through `std` and `mean`, rounded to 8 bits and clipped.
package struct ErasingSettings: Section, Equatable {
    package var probability = 0.0
    package var area = 1.0...1
    package var aspect = 1.0...1
    package var count = 1...1
    package var fill = Fill.mean

    /// What an erased box shows.
    package enum Fill: String, Sendable, CaseIterable {
        /// The recipe's mean colour: 0 after normalising (timm's `const`).
        case mean
        /// One normal colour for each box: normal channels after normalising (timm's `rand`).
        case channel
        /// A normal colour for each pixel (timm's `pixel`).
        case pixel
    }

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key(
            "probability", \.probability, .number(in: .share),
            "the probability that a view is erased at all"),
        Key(
            "area", \.area, .interval(in: .positiveShare),
            "the share of the image that all boxes of a view have together, drawn uniformly"),
        Key(
            "aspect", \.aspect, .interval(in: .range(0.001...1000)),
            "a box's height over its width, its logarithm drawn uniformly"),
        Key(
            "count", \.count, .integers(in: 1...100), hasDefault: true,
            "how many boxes there are, drawn uniformly"),
        Key(
            "fill", \.fill, .choice,
            "what a box shows: the recipe's mean color, one normal color for each box, or one for "
                + "each pixel"),
    ]
}
