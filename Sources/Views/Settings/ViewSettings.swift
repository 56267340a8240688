import Base
import Imaging
import StrictYAML

/// The augmented view of an image, drawn in relative terms and rendered at a size: section `view`.
///
/// Order: random resized crop, flip, RandAugment or three-augment, color jitter, erasing,
/// normalise, mix.
///
/// A key changes pixels unless it says otherwise, and then stands in a cache's fingerprint. One that
/// is new has no field while it is off (`whereSet`), so that older caches stay valid.
package struct ViewSettings: Section, Equatable {
    package var size = 1
    package var crop = CropSettings()
    package var interpolation = Interpolation.bilinear
    package var flip = 0.0
    package var randaugment: RandAugmentPolicy?
    package var threeAugment = false
    package var colorJitter: ColorJitterSettings?
    package var erasing: ErasingSettings?
    package var mean = [0.0, 0, 0]
    package var std = [1.0, 1, 1]
    package var mix: MixSettings?
    package var labelSmoothing = 0.0

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
            "size", \.size, .integer(in: Limits.sides),
            "the side of the student's square input, pixels"
        ),
        .section("crop", \.crop, "the random resized crop"),
        Key(
            "interpolation", \.interpolation, .choice,
            "the crop's resampling filter; `random` draws one of the two for each view"),
        Key("flip", \.flip, .number(in: .share), "the probability of a horizontal flip"),
        Key(
            "randaugment", \.randaugment, .randAugment,
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
            "mean", \.mean, .numbers(3, in: .share),
            "what is subtracted from red, green and blue, in 0…1"),
        Key(
            "std", \.std, .numbers(3, in: .deviation),
            "what divides red, green and blue after `mean`"),
        .optionalSection(
            "mix", \.mix, field: .text { $0.mix?.fieldText ?? "none" },
            "Mixup and CutMix, drawn once per group"),
        // It changes a target, never what a teacher saw.
        Key(
            "label_smoothing", \.labelSmoothing, .number(in: .belowOne), field: .never,
            "the share of a target's mass that is spread over all classes"),
    ]

    package func check(_ section: SectionReader) throws(YAMLError) {
        guard randaugment == nil || !threeAugment else {
            throw section.error(
                "three_augment",
                "view.three_augment takes the place of view.randaugment: set randaugment to none, "
                    + "or three_augment to false")
        }
    }
}
