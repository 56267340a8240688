import Base
import Imaging
import StrictYAML

/// The `config.json` of timm's models on Hugging Face's hub, and of `create_model`'s `local-dir:`.
///
/// Source: timm 1.0, `models/_hub.py` `save_for_hf`, `data/transforms_factory.py`.
struct TimmConfiguration {
    let architecture: Architecture
    let preprocessing: Preprocessing
    let classes: Int?
    let classNames: [String]?

    /// Whether a `config.json` is timm's: it names an architecture, where others have a type.
    static func isOne(_ file: HuggingFaceConfiguration) -> Bool {
        file.has("architecture") && !file.has("model_type")
    }

    init(_ file: HuggingFaceConfiguration) throws(HuggingFaceProblem) {
        let name = try file.text("architecture")
        guard let published = PublishedNetwork.named(name) else {
            throw HuggingFaceProblem(
                "'architecture' is \(name.quoted); known: "
                    + PublishedNetwork.examples(insteadOf: name))
        }
        guard let evaluation = file.object("pretrained_cfg") else {
            throw HuggingFaceProblem("'pretrained_cfg' is missing: an object")
        }
        architecture = published.architecture
        if let arguments = file.object("model_args") {
            try Self.check(arguments, of: published)
        }
        preprocessing = try Self.preprocessing(evaluation)
        classes = try file.has("num_classes") ? file.integer("num_classes") : nil
        classNames =
            try evaluation.has("label_names") ? evaluation.texts("label_names") : nil
        guard classNames == nil || classes == nil || classNames?.count == classes else {
            throw HuggingFaceProblem(
                "'label_names' are \(classNames?.count ?? 0), for \(classes ?? 0) classes")
        }
        guard architecture.imageSize.map({ $0 == preprocessing.size }) ?? true else {
            throw HuggingFaceProblem(
                "images of \(preprocessing.size) pixels, for a network of "
                    + "\(architecture.imageSize ?? 0)")
        }
    }

    /// Refuses what `create_model` is told besides the name if it makes another network.
    private static func check(
        _ arguments: HuggingFaceConfiguration, of published: PublishedNetwork
    ) throws(HuggingFaceProblem) {
        for key in arguments.keys where arguments.has(key) {
            switch key {
            case "num_classes": continue
            case "in_chans": guard try arguments.integer(key) != 3 else { continue }
            case "img_size":
                guard let size = published.architecture.imageSize else { continue }
                // A number, or height and width.
                let sides =
                    if let side = try? arguments.integer(key) { [side] } else {
                        try arguments.integers(key)
                    }
                guard !(1...2).contains(sides.count) || sides.contains(where: { $0 != size })
                else { continue }
            case "global_pool":
                // Of a transformer's weights the names tell the mean from the token.
                guard try !["avg", "token"].contains(arguments.text(key)) else { continue }
            default: break
            }
            throw HuggingFaceProblem(
                "\(key.quoted) in 'model_args' makes another network of \(published.name); write a "
                    + "teacher's card")
        }
    }

    private static func preprocessing(
        _ file: HuggingFaceConfiguration
    ) throws(HuggingFaceProblem) -> Preprocessing {
        let input = try file.integers("input_size", [3, 224, 224])
        guard input.count == 3, input[0] == 3, input[1] == input[2], Limits.sides.contains(input[1])
        else { throw HuggingFaceProblem("'input_size' is \(input); only squares are known") }
        try file.require("crop_mode", is: "center")
        let resize = try file.resizedSide(of: input[1], standard: 0.875)
        let filter = try file.text("interpolation", "bilinear")
        guard let interpolation = Interpolation(rawValue: filter) else {
            throw HuggingFaceProblem(
                "'interpolation' is \(filter.quoted); known: "
                    + Interpolation.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let mean = try file.numbers("mean", [0.485, 0.456, 0.406])
        let std = try file.numbers("std", [0.229, 0.224, 0.225])
        guard mean.count == 3, std.count == 3, mean.allSatisfy(NumberBounds.share.contains),
            std.allSatisfy(NumberBounds.deviation.contains), Limits.sides.contains(resize)
        else { throw HuggingFaceProblem("'crop_pct', 'mean' or 'std' are out of range") }
        return Preprocessing(
            size: input[1], resize: resize, interpolation: interpolation, mean: mean, std: std)
    }
}
