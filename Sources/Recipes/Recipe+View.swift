extension Recipe {
    /// The augmented view of an image, drawn in relative terms and rendered at a size.
    ///
    /// Order: random resized crop, flip, RandAugment or three-augment, color jitter, erasing,
    /// normalise, mix.
    package struct View: Sendable, Equatable {
        /// The side of the student's square input, pixels.
        package var size: Int
        /// The random resized crop.
        package var crop: Crop
        /// The crop's resampling filter.
        package var interpolation: Interpolation
        /// The probability of a horizontal flip.
        package var flip: Double
        /// RandAugment; `nil` for none.
        package var randaugment: RandAugmentPolicy?
        /// Whether each view is solarised, made grey or blurred, one of the three: DeiT III's
        /// augmentation, in place of RandAugment.
        package var threeAugment: Bool
        /// Color jitter; `nil` for none.
        package var colorJitter: ColorJitter?
        /// Random erasing; `nil` for none.
        package var erasing: Erasing?
        /// Subtracted from each channel (red, green, blue), in 0…1.
        package var mean: [Double]
        /// Divides each channel (red, green, blue) after `mean`.
        package var std: [Double]
        /// Mixup and CutMix; `nil` for none.
        package var mix: Mix?
        /// The share of a target's mass that is spread over all classes.
        package var labelSmoothing: Double
    }

    /// The random resized crop.
    package struct Crop: Sendable, Equatable {
        /// The crop's area as a share of the image's, drawn uniformly.
        package var scale: ClosedRange<Double>
        /// The crop's width over its height, its logarithm drawn uniformly.
        package var ratio: ClosedRange<Double>
    }

    /// The choice of the crop's resampling filter.
    package enum Interpolation: String, Sendable, CaseIterable {
        /// Always bilinear.
        case bilinear
        /// Always bicubic.
        case bicubic
        /// One of the two per view, with equal probability.
        case random
    }

    /// Mixup and CutMix, drawn once per group.
    package struct Mix: Sendable, Equatable {
        /// The probability that a group is mixed at all.
        package var probability: Double
        /// λ ~ Beta(mixup, mixup); 0 turns mixup off.
        package var mixup: Double
        /// λ ~ Beta(cutmix, cutmix); 0 turns CutMix off.
        package var cutmix: Double
        /// The probability of CutMix where both are on.
        package var `switch`: Double
    }
}
