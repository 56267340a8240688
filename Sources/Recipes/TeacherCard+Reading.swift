import Base
import StrictYAML

extension TeacherCard {
    /// Reads a teacher card, as strictly as a recipe.
    ///
    /// - Parameter path: The YAML file; relative paths in it start at its folder.
    /// - Throws: `YAMLError`, one line with the place.
    package init(contentsOf path: String) throws(YAMLError) {
        try self.init(.reading(path, overrides: [], noun: "teacher card"))
    }

    /// Reads a card from text, as if it stood in the file `path` (which need not exist).
    ///
    /// - Throws: `YAMLError`, one line with the place.
    package init(parsing text: String, path: String) throws(YAMLError) {
        try self.init(.composing(text, path: path, overrides: [], noun: "teacher card"))
    }

    private init(_ root: SourcedNode) throws(YAMLError) {
        let common = ["name", "kind", "classes", "weights", "source", "top1", "extends"]
        let network = ["architecture", "preprocessing"]
        var file = try SectionReader(
            root, noun: "teacher card", known: common + network + ["responses"])
        let kind = try file.choice("kind", of: ["beit", "resnet", "precomputed"])
        // Responses have no network, and a network no responses.
        file = try SectionReader(
            root, noun: "teacher card", known: common + (kind == 2 ? ["responses"] : network))
        name = try file.word("name")
        classes = try file.integer("classes", Recipe.Limits.classes)
        switch kind {
        case 0:
            preprocessing = try Preprocessing(file)
            architecture = .beit(
                try BEiTArchitecture(file, input: preprocessing.size, classes: classes))
        case 1:
            preprocessing = try Preprocessing(file)
            architecture = .resnet(depth: try Self.resNetDepth(file))
        default:
            preprocessing = .none
            architecture = .precomputed(try Responses(file))
        }
        let weights = try file.section("weights", known: ["file", "sha256"])
        weightsFile = try weights.path("file")
        weightsSHA256 = try Self.digest(weights)
        source = try file.string("source")
        top1 = try file.optionalNumber("top1", .percentage)
    }

    private static func resNetDepth(_ file: SectionReader) throws(YAMLError) -> Int {
        let section = try file.section("architecture", known: ["depth"])
        let depths = [18, 34, 50, 101, 152]
        return depths[try section.choice("depth", of: depths.map(String.init))]
    }

    private static func digest(_ weights: SectionReader) throws(YAMLError) -> String? {
        let expected = "64 hexadecimal digits in lower case, or null"
        let digest = try weights.optionalString("sha256", expected: expected)
        guard let digest else { return nil }
        let isHex = digest.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        guard isHex, digest.utf8.count == 64 else {
            throw weights.error(
                "sha256",
                "weights.sha256: expected \(expected), found '\(SourcedNode.oneLine(digest))'")
        }
        return digest
    }
}

extension TeacherCard.BEiTArchitecture {
    fileprivate init(
        _ file: SectionReader, input: Int, classes: Int
    ) throws(YAMLError) {
        let section = try file.section(
            "architecture",
            known: ["image_size", "patch", "width", "depth", "heads", "mlp_ratio", "layer_scale"])
        imageSize = try section.integer("image_size", Limits.sides)
        patch = try section.integer("patch", Limits.sides)
        width = try section.integer("width", 1...65_536)
        depth = try section.integer("depth", 1...1000)
        heads = try section.integer("heads", 1...1024)
        mlpRatio = try section.number(
            "mlp_ratio", NumberBounds(lower: 0, upper: 64, includesLower: false))
        layerScale = try section.number(
            "layer_scale", NumberBounds(lower: 0, upper: 100, includesLower: false))
        if let fault = fault(classes: classes) {
            throw section.error(fault.key, fault.message)
        }
        guard imageSize == input else {
            throw section.error(
                "image_size",
                "architecture.image_size \(imageSize) differs from preprocessing.size \(input)")
        }
    }
}

extension TeacherCard.Responses {
    fileprivate init(_ file: SectionReader) throws(YAMLError) {
        let section = try file.section(
            "responses", known: ["dataset", "keys", "values", "temperature"])
        dataset = try section.string("dataset")
        keys = try section.optionalName("keys", expected: "a dataset's name, or null")
        values = try section.choice("values")
        temperature = try section.number("temperature", .positive)
    }
}

extension TeacherCard.Preprocessing {
    /// What stands for the preprocessing of responses, which no image is prepared for any more.
    package static var none: Self {
        Self(size: 1, resize: 1, interpolation: .bilinear, mean: [0, 0, 0], std: [1, 1, 1])
    }

    fileprivate init(_ file: SectionReader) throws(YAMLError) {
        let section = try file.section(
            "preprocessing", known: ["size", "resize", "interpolation", "mean", "std"])
        size = try section.integer("size", Limits.sides)
        resize = try section.integer("resize", Limits.sides)
        interpolation = try section.choice("interpolation")
        mean = try section.numbers("mean", count: 3, .share)
        // Pixels are divided by it: what is nearly 0 would make them infinite.
        std = try section.numbers("std", count: 3, NumberBounds(lower: 1e-3, upper: 1e3))
        guard resize >= size else {
            throw section.error(
                "resize", "preprocessing.resize \(resize) is less than preprocessing.size \(size)")
        }
    }
}
