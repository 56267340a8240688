import ArgumentParser
import Base
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

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A network's name, for example resnet50; needs --weights. Images are prepared as in "
                + "its published evaluation: torchvision's V1 weights for resnet18 to resnet152 "
                + "(short side 256, crop 224, bilinear), timm's default ones for a beit.",
            valueName: "name"))
    var model: String?

    @Option(name: .long, help: "A safetensors file; with --teacher, in place of the card's.")
    var weights: String?

    @Option(
        name: .long,
        help: "Take size, resize, interpolation, mean and std from a recipe's validation.")
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
        for (option, value) in [("--size", size), ("--resize", resize)] {
            if let value, !Limits.sides.contains(value) {
                throw ValidationError(
                    "\(option) must be between \(Limits.sides.lowerBound) and \(Limits.sides.upperBound)"
                )
            }
        }
    }

    /// Loads the network.
    func load(on device: Device) throws -> Classifier {
        let chosen = try describe()
        let classes =
            try chosen.classes ?? chosen.architecture.classes(of: chosen.file)
        let network = try chosen.architecture.makeNetwork(classes: classes, device: device)
        for note in try network.load(chosen.file) { StandardStreams.report(note + "\n") }
        let transform = try transform(chosen.preprocessing, network.imageSize)
        return Classifier(
            network: network, transform: transform, mean: chosen.preprocessing.mean,
            std: chosen.preprocessing.std)
    }

    /// How images are brought to size: as the options say, else as is standard.
    private func transform(
        _ standard: Preprocessing, _ only: Int?
    ) throws -> EvaluationTransform {
        let size = size ?? standard.size
        // A size of one's own keeps the ratio of crop to resized side.
        let resize =
            resize
            ?? Int((Double(standard.resize) * Double(size) / Double(standard.size)).rounded())
        guard size <= resize, Limits.sides.contains(resize) else {
            throw ValidationError(
                "--resize \(resize) does not fit --size \(size); choose one from \(size) to "
                    + "\(Limits.sides.upperBound)")
        }
        if let only, size != only {
            throw CommandError(
                "the network takes images of \(only) pixels, not of \(size); leave --size out, or "
                    + "name another network")
        }
        return EvaluationTransform(
            size: size, resize: resize,
            interpolation: interpolation ?? standard.interpolation)
    }

    /// What the options choose.
    private struct Choice {
        let architecture: Architecture
        /// Nil where the weights tell.
        let classes: Int?
        let file: SafetensorsFile
        let preprocessing: Preprocessing
    }

    private func describe() throws -> Choice {
        let validation = try recipe.map {
            try Recipe(contentsOf: $0, data: .unneeded).preprocessing
        }
        if let teacher {
            let card = try TeacherCard(contentsOf: teacher)
            let network = try card.requireNetwork()
            return Choice(
                architecture: network.architecture, classes: card.classes,
                file: try weights.map { try SafetensorsFile(path: $0) } ?? card.openWeights(),
                preprocessing: validation ?? network.preprocessing)
        }
        guard let model, let weights else { throw CleanExit.helpRequest() }
        guard let published = PublishedNetwork.named(model) else {
            throw ValidationError(
                "no model '\(model.clipped.printable)'; known: "
                    + PublishedNetwork.names.joined(separator: ", "))
        }
        return Choice(
            architecture: published.architecture, classes: nil,
            file: try SafetensorsFile(path: weights),
            preprocessing: validation ?? published.preprocessing)
    }
}

extension Recipe {
    /// The validation of a recipe, as a card's preprocessing.
    fileprivate var preprocessing: Preprocessing {
        Preprocessing(
            size: validation.size, resize: validation.resize,
            interpolation: validation.interpolation, mean: view.mean, std: view.std)
    }
}

/// A network and what its input needs.
struct Classifier {
    let network: any ImageClassifier
    let transform: EvaluationTransform
    let mean: [Double]
    let std: [Double]
}
