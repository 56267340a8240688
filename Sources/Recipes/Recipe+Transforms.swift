// Named transforms that a recipe may add to its views; absent, they are off.
extension Recipe {
    /// Color jitter: brightness, contrast, saturation and hue, in an order of its own for each view.
    ///
    /// The factor of each of the first three is uniform in [max(0, 1 - amount), 1 + amount], the
    /// turn of the hue in [-hue, hue]; an amount of 0 switches its operation off.
    ///
    /// Source: torchvision 0.26, `ColorJitter`, as timm 1.0.31 uses it.
    package struct ColorJitter: Sendable, Equatable {
        /// How far the brightness may go from 1.
        package var brightness: Double
        /// How far the contrast may go from 1.
        package var contrast: Double
        /// How far the saturation may go from 1.
        package var saturation: Double
        /// How far the hue may turn, as a share of the circle, 0…0.5.
        package var hue: Double
        /// The probability that a view is jittered at all.
        package var probability: Double
    }

    /// Random erasing: boxes of a view are painted over.
    ///
    /// Source: Zhong et al., "Random erasing data augmentation", 2017, in the form of timm 1.0.31's
    /// `RandomErasing`. The one difference: timm erases floats after normalising, this package the
    /// 8-bit view before it, so that what is shown, stored and mixed is what was drawn. A fill is
    /// what timm's would be, taken back through `std` and `mean`, rounded to 8 bits and clipped.
    package struct Erasing: Sendable, Equatable {
        /// The probability that a view is erased at all.
        package var probability: Double
        /// The share of the image that all boxes of a view have together, drawn uniformly.
        package var area: ClosedRange<Double>
        /// A box's height over its width, its logarithm drawn uniformly.
        package var aspect: ClosedRange<Double>
        /// How many boxes there are, drawn uniformly.
        package var count: ClosedRange<Int>
        /// What the boxes show.
        package var fill: Fill

        /// What an erased box shows.
        package enum Fill: String, Sendable, CaseIterable {
            /// The recipe's mean colour: 0 after normalising (timm's `const`).
            case mean
            /// One normal colour for each box: normal channels after normalising (timm's `rand`).
            case channel
            /// A normal colour for each pixel (timm's `pixel`).
            case pixel
        }
    }
}
