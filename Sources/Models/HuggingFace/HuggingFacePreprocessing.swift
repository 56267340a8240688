import Base
import Imaging
import StrictYAML

/// How Hugging Face's `preprocessor_config.json` says that images are prepared.
///
/// Source: transformers 4.57, `image_processing_convnext.py`, `image_processing_beit.py`,
/// `image_processing_vit.py` and `image_processing_deit.py`.
struct HuggingFacePreprocessing {
    let preprocessing: Preprocessing
    /// What is done otherwise here, a sentence each.
    private(set) var notices: [String] = []

    /// From this size on ConvNeXt's processor crops nothing.
    private static let largestCropped = 384

    init(_ file: HuggingFaceConfiguration) throws(HuggingFaceProblem) {
        let sides = try Self.sides(file)
        let interpolation = try Self.interpolation(file)
        let (mean, std) = try Self.normalization(file)
        guard Limits.sides.contains(sides.size), Limits.sides.contains(sides.resize),
            sides.size <= sides.resize
        else {
            throw HuggingFaceProblem(
                "images of \(sides.size) pixels, out of a short side of \(sides.resize)")
        }
        preprocessing = Preprocessing(
            size: sides.size, resize: sides.resize, interpolation: interpolation, mean: mean,
            std: std)
        if sides.isWarped {
            notices.append(
                "images keep their proportions: the short side is resized to \(sides.resize) pixels and "
                    + "the middle taken, where transformers distorts them to a square")
        }
    }

    /// - Returns: the side of the input, the length to which the short side is resized, and whether
    ///   images would be distorted to a square of that length.
    private static func sides(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> (size: Int, resize: Int, isWarped: Bool) {
        // Images that stay as they are have no size of their own.
        try file.require("do_resize", is: true)
        let (given, isShort) = try length("size", file)
        let isConvNeXts = try processor(file).hasPrefix("ConvNext")
        if isConvNeXts || file.has("crop_pct") {
            // ConvNeXt's processor, which ResNets use.
            guard given < largestCropped else { return (given, given, true) }
            return (given, try file.resizedSide(of: given, standard: 224.0 / 256), false)
        }
        let isCropped = try file.flag("do_center_crop", false)
        guard isCropped, file.has("crop_size") else { return (given, given, !isShort) }
        return (try length("crop_size", file).length, given, !isShort)
    }

    /// The class that prepares images, under the key of either generation.
    private static func processor(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> String {
        let older = try file.text("feature_extractor_type", "")
        return try file.text("image_processor_type", older)
    }

    /// A length given as such or as an object, and whether it is that of the short side.
    private static func length(
        _ key: String, _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> (length: Int, isShort: Bool) {
        guard let object = file.object(key) else { return (try file.integer(key), false) }
        if object.has("shortest_edge") { return (try object.integer("shortest_edge"), true) }
        let (height, width) = (try object.integer("height"), try object.integer("width"))
        guard height == width else {
            throw HuggingFaceProblem("'\(key)' is \(width) x \(height); only squares are known")
        }
        return (height, false)
    }

    /// Pillow's number of the filter; where it is not said, that of the class.
    private static func interpolation(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> Interpolation {
        let processor = try processor(file)
        let isBicubic = processor.hasPrefix("Beit") || processor.hasPrefix("DeiT")
        switch try file.integer("resample", isBicubic ? 3 : 2) {
        case 2: return .bilinear
        case 3: return .bicubic
        case let number:
            throw HuggingFaceProblem(
                "'resample' is \(number); known: 2 (bilinear) and 3 (bicubic)")
        }
    }

    private static func normalization(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> (mean: [Double], std: [Double]) {
        let factor = try file.number("rescale_factor", 1 / 255)
        guard try file.flag("do_rescale", true), abs(factor * 255 - 1) < 1e-4 else {
            throw HuggingFaceProblem(
                "pixels are not divided by 255 there, which they are here; write a teacher's card")
        }
        guard try file.flag("do_normalize", true) else { return ([0, 0, 0], [1, 1, 1]) }
        // The standard of each of these processors.
        let mean = try file.numbers("image_mean", [0.5, 0.5, 0.5])
        let std = try file.numbers("image_std", [0.5, 0.5, 0.5])
        guard mean.count == 3, std.count == 3, mean.allSatisfy(NumberBounds.share.contains),
            std.allSatisfy(NumberBounds.deviation.contains)
        else {
            throw HuggingFaceProblem(
                "'image_mean' is not three numbers \(NumberBounds.share.phrase), or 'image_std' not "
                    + "three \(NumberBounds.deviation.phrase)")
        }
        return (mean, std)
    }
}
