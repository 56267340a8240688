import StrictYAML

extension Recipe.View {
    /// The sides, in pixels, that an input may have.
    static let sides = Recipe.Limits.sides

    init(_ file: SectionReader) throws(YAMLError) {
        let section = try file.section(
            "view",
            known: [
                "size", "crop", "interpolation", "flip", "randaugment", "three_augment",
                "color_jitter", "erasing", "mean", "std", "mix", "label_smoothing",
            ])
        size = try section.integer("size", Self.sides)
        crop = try Recipe.Crop(section)
        interpolation = try section.choice("interpolation")
        flip = try section.number("flip", .share)
        randaugment = try RandAugmentPolicy(section)
        threeAugment = try section.boolean("three_augment", default: false)
        guard randaugment == nil || !threeAugment else {
            throw section.error(
                "three_augment",
                "view.three_augment takes the place of view.randaugment: set randaugment to none, "
                    + "or three_augment to false")
        }
        colorJitter = try Recipe.ColorJitter(section)
        erasing = try Recipe.Erasing(section)
        mean = try section.numbers("mean", count: 3, .share)
        // Pixels are divided by it: what is nearly 0 would make them infinite.
        std = try section.numbers("std", count: 3, NumberBounds(lower: 1e-3, upper: 1e3))
        mix = try Recipe.Mix(section)
        labelSmoothing = try section.number("label_smoothing", .belowOne)
    }
}

extension Recipe.Crop {
    fileprivate init(_ view: SectionReader) throws(YAMLError) {
        let section = try view.section("crop", known: ["scale", "ratio"])
        scale = try section.interval("scale", .positiveShare)
        ratio = try section.interval("ratio", NumberBounds(lower: 0.001, upper: 1000))
    }
}

extension Recipe.ColorJitter {
    fileprivate init?(_ view: SectionReader) throws(YAMLError) {
        let section = try view.optionalSection(
            "color_jitter", known: ["brightness", "contrast", "saturation", "hue", "probability"],
            mayBeAbsent: true)
        guard let section else { return nil }
        // Beyond 100 every pixel is at an end of its range.
        let amounts = NumberBounds(lower: 0, upper: 100)
        brightness = try section.number("brightness", amounts)
        contrast = try section.number("contrast", amounts)
        saturation = try section.number("saturation", amounts)
        hue = try section.number("hue", NumberBounds(lower: 0, upper: 0.5), default: 0)
        probability = try section.number("probability", .share, default: 1)
        guard brightness + contrast + saturation + hue > 0 else {
            throw section.error(
                "brightness",
                "view.color_jitter: brightness, contrast, saturation and hue are all 0; "
                    + "write color_jitter: none")
        }
    }
}

extension Recipe.Erasing {
    fileprivate init?(_ view: SectionReader) throws(YAMLError) {
        let section = try view.optionalSection(
            "erasing", known: ["probability", "area", "aspect", "count", "fill"],
            mayBeAbsent: true)
        guard let section else { return nil }
        probability = try section.number("probability", .share)
        area = try section.interval("area", .positiveShare)
        aspect = try section.interval("aspect", NumberBounds(lower: 0.001, upper: 1000))
        count = try section.integerInterval("count", 1...100, default: 1...1)
        fill = try section.choice("fill")
    }
}

extension Recipe.Mix {
    fileprivate init?(_ view: SectionReader) throws(YAMLError) {
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
    ) throws(YAMLError) -> Double {
        let value = try section.number(key, NumberBounds(lower: 0, upper: 1000))
        guard value == 0 || value >= 0.001 else {
            throw section.error(
                key, "\(section.dotted(key)): expected 0, or a number from 0.001 to 1000")
        }
        return value
    }
}

extension RandAugmentPolicy {
    fileprivate init?(_ view: SectionReader) throws(YAMLError) {
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
