import Base
import Imaging
import StrictYAML

/// The augmented view of an image, drawn in relative terms and rendered at a size: section `view`.
///
/// Order: random resized crop, flip, RandAugment or three-augment, color jitter, erasing,
/// normalize, mix.
///
/// A key changes pixels unless it says otherwise, and then stands in a cache's fingerprint. One that
/// is new has no field while it is off (`whereSet`), so that older caches stay valid.
package struct ViewSettings: Section, Equatable {
    package var size = 224
    package var crop = CropSettings()
    package var interpolation = Interpolation.random
    package var flip = 0.5
    package var randaugment: RandAugmentPolicy? = .published
    package var threeAugment = false
    package var colorJitter: ColorJitterSettings?
    package var erasing: ErasingSettings?
    /// ImageNet's.
    package var mean = [0.485, 0.456, 0.406]
    package var std = [0.229, 0.224, 0.225]
    package var mix: MixSettings? = .initial
    package var labelSmoothing = 0.1

    /// The choice of the crop's resampling filter.
    package enum Interpolation: String, Sendable, CaseIterable {
        /// Always bilinear.
        case bilinear
        /// Always bicubic.
        case bicubic
        /// One of the two per view, with equal probability.
        case random
    }

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key(
            "size", \.size, .integer(in: Limits.sides), hasDefault: true,
            "the side of the student's square input, pixels"
        ),
        .section("crop", \.crop, hasDefault: true, "the random resized crop"),
        Key(
            "interpolation", \.interpolation, .choice, hasDefault: true,
            "the crop's resampling filter; `random` draws one of the two for each view"),
        Key(
            "flip", \.flip, .number(in: .share), hasDefault: true,
            "the probability of a horizontal flip"),
        Key(
            "randaugment", \.randaugment, .randAugment, hasDefault: true,
            "RandAugment: `m` magnitude (10), `mstd` its standard deviation (0), `n` operations an "
                + "image (2), `p` probability of each (0.5), `inc` 1 for the set whose severity "
                + "grows with the magnitude (0)"),
        Key(
            "three_augment", \.threeAugment, .boolean, hasDefault: true, field: .whereSet,
            "whether each view is solarised, made grey or blurred, one of the three: DeiT III's "
                + "augmentation, in place of RandAugment"),
        .optionalSection(
            "color_jitter", \.colorJitter, style: .flow, hasDefault: true, field: .whereSet,
            "brightness, contrast, saturation and hue, in an order of its own for each view"),
        .optionalSection(
            "erasing", \.erasing, style: .flow, hasDefault: true, field: .whereSet,
            "random erasing: boxes of a view are painted over"),
        Key(
            "mean", \.mean, .numbers(3, in: .share), hasDefault: true,
            "what is subtracted from red, green and blue, in 0…1"),
        Key(
            "std", \.std, .numbers(3, in: .deviation), hasDefault: true,
            "what divides red, green and blue after `mean`"),
        .optionalSection(
            "mix", \.mix, hasDefault: true, field: .text { $0.mix?.fieldText ?? "none" },
            "Mixup and CutMix, drawn once per group"),
        // It changes a target, never what a teacher saw.
        Key(
            "label_smoothing", \.labelSmoothing, .number(in: .belowOne), hasDefault: true,
            field: .never,
            "the share of a target's mass that is spread over all classes"),
    ]

    package func check(_ section: SectionReader) throws(YAMLError) {
        try section.check("randaugment", "three_augment") { () throws(YAMLError) in
            guard randaugment == nil || !threeAugment else {
                throw section.error(
                    "three_augment",
                    "view.three_augment takes the place of view.randaugment: set randaugment to none, "
                        + "or three_augment to false")
            }
        }
    }
}

/// The random resized crop: section `view.crop`.
package struct CropSettings: Section, Equatable {
    package var scale = 0.08...1
    package var ratio = 0.75...1.3333333333333333

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key(
            "scale", \.scale, .interval(in: .positiveShare), hasDefault: true,
            "the crop's area as a share of the image's, drawn uniformly"),
        Key(
            "ratio", \.ratio, .interval(in: .range(0.001...1000)), hasDefault: true,
            "the crop's width over its height, its logarithm drawn uniformly"),
    ]
}

/// Mixup and CutMix, drawn once per group: section `view.mix`.
package struct MixSettings: Section, Equatable {
    package var probability = 1.0
    package var mixup = 0.2
    package var cutmix = 1.0
    package var `switch` = 0.5

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key(
            "probability", \.probability, .number(in: .share), hasDefault: true,
            "the probability that a group is mixed at all"),
        Key(
            "mixup", \.mixup, .number(in: parameters), hasDefault: true,
            "λ ~ Beta(mixup, mixup); 0 turns mixup off"),
        Key(
            "cutmix", \.cutmix, .number(in: parameters), hasDefault: true,
            "λ ~ Beta(cutmix, cutmix); 0 turns CutMix off"),
        Key(
            "switch", \.switch, .number(in: .share), hasDefault: true,
            "the probability of CutMix where both are on"),
    ]

    private static let parameters = NumberBounds.range(0...1000)

    package func check(_ section: SectionReader) throws(YAMLError) {
        try section.check("mixup", "cutmix") { () throws(YAMLError) in
            // Far below 1, every λ of Beta is 0 or 1.
            for (key, value) in [("mixup", mixup), ("cutmix", cutmix)]
            where value != 0 && value < 0.001 {
                throw section.error(
                    key, "\(section.dotted(key)): expected 0, or a number from 0.001 to 1000")
            }
            guard mixup > 0 || cutmix > 0 else {
                throw section.error(
                    "mixup", "view.mix: mixup and cutmix are both 0; write mix: none")
            }
        }
    }

    /// The whole as one field of a fingerprint.
    var fieldText: String {
        "probability \(YAMLText.scalar(probability)), mixup \(YAMLText.scalar(mixup)), "
            + "cutmix \(YAMLText.scalar(cutmix)), switch \(YAMLText.scalar(`switch`))"
    }
}

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
            "brightness", \.brightness, .number(in: amounts), hasDefault: true,
            "how far the factor of the brightness may go from 1"),
        Key(
            "contrast", \.contrast, .number(in: amounts), hasDefault: true,
            "how far the factor of the contrast may go from 1"),
        Key(
            "saturation", \.saturation, .number(in: amounts), hasDefault: true,
            "how far the factor of the saturation may go from 1"),
        Key(
            "hue", \.hue, .number(in: .range(0...0.5)), hasDefault: true,
            "how far the hue may turn, as a share of the circle"),
        Key(
            "probability", \.probability, .number(in: .share), hasDefault: true,
            "the probability that a view is jittered at all"),
    ]

    package func check(_ section: SectionReader) throws(YAMLError) {
        try section.check("brightness", "contrast", "saturation", "hue") { () throws(YAMLError) in
            guard brightness + contrast + saturation + hue > 0 else {
                throw section.error(
                    "brightness",
                    "view.color_jitter: brightness, contrast, saturation and hue are all 0; "
                        + "write color_jitter: none")
            }
        }
    }
}

/// Random erasing: boxes of a view are painted over: section `view.erasing`.
///
/// Source: Zhong et al., "Random erasing data augmentation", 2017, in the form of timm 1.0.31's
/// `RandomErasing`. The one difference: timm erases floats after normalizing, this package the
/// 8-bit view before it, so that what is shown, stored and mixed is what was drawn. A fill is
/// what timm's would be, taken back through `std` and `mean`, rounded to 8 bits and clipped.
package struct ErasingSettings: Section, Equatable {
    package var probability = 0.5
    package var area = 0.02...1.0 / 3
    package var aspect = 0.3...1 / 0.3
    package var count = 1...1
    package var fill = Fill.mean

    /// What an erased box shows.
    package enum Fill: String, Sendable, CaseIterable {
        /// The recipe's mean color: 0 after normalizing (timm's `const`).
        case mean
        /// One normal color for each box: normal channels after normalizing (timm's `rand`).
        case channel
        /// A normal color for each pixel (timm's `pixel`).
        case pixel
    }

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key(
            "probability", \.probability, .number(in: .share), hasDefault: true,
            "the probability that a view is erased at all"),
        Key(
            "area", \.area, .interval(in: .positiveShare), hasDefault: true,
            "the share of the image that all boxes of a view have together, drawn uniformly"),
        Key(
            "aspect", \.aspect, .interval(in: .range(0.001...1000)), hasDefault: true,
            "a box's height over its width, its logarithm drawn uniformly"),
        Key(
            "count", \.count, .integers(in: 1...100), hasDefault: true,
            "how many boxes there are, drawn uniformly"),
        Key(
            "fill", \.fill, .choice, hasDefault: true,
            "what a box shows: the recipe's mean color, one normal color for each box, or one for "
                + "each pixel"),
    ]
}
