extension Recipe {
    /// The augmented view of an image, drawn in relative terms and rendered at a size.
    ///
    /// Order: random resized crop, flip, RandAugment or three-augment, color jitter, erasing,
    /// normalise, mix.
    public struct View: Sendable, Equatable {
        /// The side of the student's square input, pixels.
        public var size: Int
        /// The random resized crop.
        public var crop: Crop
        /// The crop's resampling filter.
        public var interpolation: Interpolation
        /// The probability of a horizontal flip.
        public var flip: Double
        /// RandAugment; `nil` for none.
        public var randaugment: RandAugmentPolicy?
        /// Whether each view is solarised, made grey or blurred, one of the three: DeiT III's
        /// augmentation, in place of RandAugment.
        public var threeAugment: Bool
        /// Color jitter; `nil` for none.
        public var colorJitter: ColorJitter?
        /// Random erasing; `nil` for none.
        public var erasing: Erasing?
        /// Subtracted from each channel (red, green, blue), in 0…1.
        public var mean: [Double]
        /// Divides each channel (red, green, blue) after `mean`.
        public var std: [Double]
        /// Mixup and CutMix; `nil` for none.
        public var mix: Mix?
        /// The share of a target's mass that is spread over all classes.
        public var labelSmoothing: Double
    }

    /// The random resized crop.
    public struct Crop: Sendable, Equatable {
        /// The crop's area as a share of the image's, drawn uniformly.
        public var scale: ClosedRange<Double>
        /// The crop's width over its height, its logarithm drawn uniformly.
        public var ratio: ClosedRange<Double>
    }

    /// The choice of the crop's resampling filter.
    public enum Interpolation: String, Sendable, CaseIterable {
        /// Always bilinear.
        case bilinear
        /// Always bicubic.
        case bicubic
        /// One of the two per view, with equal probability.
        case random
    }

    /// Mixup and CutMix, drawn once per group.
    public struct Mix: Sendable, Equatable {
        /// The probability that a group is mixed at all.
        public var probability: Double
        /// λ ~ Beta(mixup, mixup); 0 turns mixup off.
        public var mixup: Double
        /// λ ~ Beta(cutmix, cutmix); 0 turns CutMix off.
        public var cutmix: Double
        /// The probability of CutMix where both are on.
        public var `switch`: Double
    }
}
