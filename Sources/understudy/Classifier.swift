import ArgumentParser
import Distillation
import Foundation
import Imaging
import Loading
import Models
import Recipes
import Torch

/// A network chosen on the command line, by a teacher's card or by a name and weights.
struct ClassifierOptions: ParsableArguments {
    @Option(name: .long, help: "A teacher's card, which says everything.")
    var teacher: String?

    @Option(name: .long, help: "A network's name, for example resnet50; needs --weights.")
    var model: String?

    @Option(name: .long, help: "A safetensors file; with --teacher, in place of the card's.")
    var weights: String?

    @Option(
        name: .long, help: "Take size, resize, interpolation, mean and std from a recipe.")
    var recipe: String?

    @Option(name: .long, help: "The side of the network's input, in pixels.")
    var size: Int?

    @Option(name: .long, help: "The length of the short side before the crop, in pixels.")
    var resize: Int?

    @Option(name: .long, help: "bilinear or bicubic.")
    var interpolation: Interpolation?

    func validate() throws {
        guard (teacher == nil) != (model == nil) else {
            throw ValidationError(
                "choose a network: --teacher CARD, or --model NAME --weights FILE")
        }
        guard teacher != nil || weights != nil else {
            throw ValidationError("--model needs --weights FILE")
        }
    }

    /// Loads the network.
    func load(on device: Device) throws -> Classifier {
        let (architecture, cardClasses, file, standard) = try describe()
        let tensors = try SafetensorsFile(path: file)
        let classes = try cardClasses ?? Self.classes(in: tensors, path: file)
        let network = try Registry.make(architecture, classes: classes, device: device)
        try network.store.load(tensors)
        let size = size ?? standard.size
        // A size of one's own keeps the ratio of crop to resized side.
        let resize =
            resize
            ?? Int((Double(standard.resize) * Double(size) / Double(standard.size)).rounded())
        guard size >= 1, resize >= size else {
            throw ValidationError("--resize \(resize) is smaller than --size \(size)")
        }
        let transform = EvaluationTransform(
            size: size, resize: resize,
            interpolation: interpolation ?? standard.interpolation.interpolation)
        return Classifier(
            network: network, transform: transform, mean: standard.mean, std: standard.std)
    }

    /// Architecture, classes if known, weights and preprocessing of the network chosen.
    private func describe() throws -> (
        TeacherCard.Architecture, Int?, String, TeacherCard.Preprocessing
    ) {
        if let teacher {
            let card = try TeacherCard(contentsOf: teacher)
            try card.requireNetwork()
            return (
                card.architecture, card.classes, weights ?? card.weightsFile, card.preprocessing
            )
        }
        guard let model, let weights else { throw CleanExit.helpRequest() }
        guard let architecture = Registry.architecture(named: model) else {
            throw ValidationError(
                "no model '\(model)'; known: \(Registry.names.joined(separator: ", "))")
        }
        let standard =
            try recipe.map { try Recipe(contentsOf: $0).preprocessing }
            ?? Registry.preprocessing(of: architecture)
        return (architecture, nil, weights, standard)
    }

    /// The number of classes that weights were trained for.
    private static func classes(in file: SafetensorsFile, path: String) throws -> Int {
        for name in ["fc.weight", "head.weight"] {
            if let shape = file.info(name)?.shape, shape.count == 2 { return shape[0] }
        }
        throw TrainingError(
            "\(path): neither fc.weight nor head.weight is in it; expected torchvision's or timm's "
                + "names")
    }
}

/// A network and what its input needs.
struct Classifier {
    let network: any ImageClassifier
    let transform: EvaluationTransform
    let mean: [Double]
    let std: [Double]
}

extension Interpolation: ExpressibleByArgument {}

extension Recipe {
    /// The validation of a recipe, as a card's preprocessing.
    fileprivate var preprocessing: TeacherCard.Preprocessing {
        TeacherCard.Preprocessing(
            size: validation.size, resize: validation.resize,
            interpolation: validation.interpolation, mean: view.mean, std: view.std)
    }
}
