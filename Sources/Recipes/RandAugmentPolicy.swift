/// RandAugment's settings, written as timm writes them: `rand-m7-mstd0.5`.
///
/// Parts, in any order: `m` magnitude (whole, default 10), `n` operations per image (default 2),
/// `mstd` standard deviation of the magnitude (default 0; above 100 the magnitude is uniform in
/// 0…m), `p` probability of each operation (default 0.5), `inc` 1 for the set whose severity grows
/// with the magnitude (default 0). timm's other parts, `mmax` and `t`, are refused.
///
/// Source: timm 1.0.31, `timm/data/auto_augment.py`, `rand_augment_transform`.
package struct RandAugmentPolicy: Sendable, Equatable, CustomStringConvertible {
    /// The mean magnitude on the scale 0…10.
    package var magnitude: Int
    /// How many operations are drawn per image, with replacement.
    package var operations: Int
    /// The standard deviation of the magnitude; infinite for a uniform draw in 0…`magnitude`.
    package var magnitudeDeviation: Double
    /// The probability that a drawn operation is applied.
    package var probability: Double
    /// Whether posterize, solarize and the enhancers grow more severe with the magnitude.
    package var increasing: Bool

    /// The settings in full.
    package init(
        magnitude: Int, operations: Int = 2, magnitudeDeviation: Double = 0,
        probability: Double = 0.5, increasing: Bool = false
    ) {
        self.magnitude = magnitude
        self.operations = operations
        self.magnitudeDeviation = magnitudeDeviation
        self.probability = probability
        self.increasing = increasing
    }

    /// Every part spelled out, in timm's form: `rand-m7-n2-mstd0.5-p0.5-inc0`.
    package var description: String {
        let deviation = magnitudeDeviation.isInfinite ? "101" : "\(magnitudeDeviation)"
        return "rand-m\(magnitude)-n\(operations)-mstd\(deviation)-p\(probability)"
            + "-inc\(increasing ? 1 : 0)"
    }
}
