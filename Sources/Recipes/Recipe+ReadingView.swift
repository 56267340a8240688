extension Recipe.View {
    /// The sides, in pixels, that an input may have.
    static let sides = 1...16_384

    init(_ file: SectionReader) throws(RecipeError) {
        let section = try file.section(
            "view",
            known: [
                "size", "crop", "interpolation", "flip", "randaugment", "mean", "std", "mix",
                "label_smoothing",
            ])
        size = try section.integer("size", Self.sides)
        crop = try Recipe.Crop(section)
        interpolation = try section.choice("interpolation")
        flip = try section.number("flip", .share)
        randaugment = try RandAugmentPolicy(section)
        mean = try section.numbers("mean", count: 3, .share)
        std = try section.numbers("std", count: 3, .positive)
        mix = try Recipe.Mix(section)
        labelSmoothing = try section.number("label_smoothing", .belowOne)
    }
}

extension Recipe.Crop {
    fileprivate init(_ view: SectionReader) throws(RecipeError) {
        let section = try view.section("crop", known: ["scale", "ratio"])
        scale = try section.interval("scale", .positiveShare)
        ratio = try section.interval("ratio", NumberBounds(lower: 0.001, upper: 1000))
    }
}

extension Recipe.Mix {
    fileprivate init?(_ view: SectionReader) throws(RecipeError) {
        let section = try view.optionalSection(
            "mix", known: ["probability", "mixup", "cutmix", "switch"])
        guard let section else { return nil }
        probability = try section.number("probability", .share)
        mixup = try Self.parameter("mixup", section)
        cutmix = try Self.parameter("cutmix", section)
        `switch` = try section.number("switch", .share)
        guard mixup > 0 || cutmix > 0 else {
            throw section.error("mixup", "view.mix: mixup and cutmix are both 0; write mix: none")
        }
    }

    /// A parameter of Beta: 0 switches the mode off, and far below 1 every λ is 0 or 1.
    private static func parameter(
        _ key: String, _ section: SectionReader
    ) throws(RecipeError) -> Double {
        let value = try section.number(key, NumberBounds(lower: 0, upper: 1000))
        guard value == 0 || value >= 0.001 else {
            throw section.error(
                key, "\(section.dotted(key)): expected 0, or a number from 0.001 to 1000")
        }
        return value
    }
}

extension RandAugmentPolicy {
    fileprivate init?(_ view: SectionReader) throws(RecipeError) {
        let text = try view.optionalString(
            "randaugment", expected: "none or timm's form rand-m7-mstd0.5")
        guard let text else { return nil }
        do {
            try self.init(parsing: text)
        } catch {
            throw view.error("randaugment", "view.randaugment: \(error.message)")
        }
    }
}
