import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Models
import Recipes
import Torch

/// Which of a run's weights are meant.
enum WeightsChoice: String, ExpressibleByArgument, CaseIterable {
    case result, average, best, raw, last
}

/// A run's network with the weights that were asked for, and what is known of them.
struct ChosenWeights {
    let network: any ImageClassifier
    let description: WeightsDescription
    private let run: Run
    private let recipe: Recipe
    /// Nil for the last checkpoint's.
    private let weights: RunWeights?
    private let file: SafetensorsFile

    init(_ run: Run, _ which: WeightsChoice) throws {
        self.run = run
        recipe = try run.recipe()
        network = try recipe.makeNetwork(on: .cpu)
        weights =
            switch which {
            case .result: try run.result()
            case .average: .average
            case .best: .best
            case .raw: .raw
            case .last: nil
            }
        if let weights {
            file = try run.weights(weights)
            try network.store.load(file)
        } else {
            file = try run.lastTensors()
            try network.store.load(tensors: run.lastWeights(in: file))
        }
        description = try run.description(of: file)
    }

    /// What they are called.
    private var name: String { weights?.rawValue ?? WeightsChoice.last.rawValue }

    /// One line: `average weights of resnet50, 25,557,032 parameters, 1000 classes`.
    var summary: String {
        let parameters = network.store.parameters.reduce(0) { $0 + $1.tensor.count }
        return "\(name) weights of \(description.model ?? network.architecture.kind), "
            + "\(parameters.grouped) parameters, \(network.classes) classes"
    }

    /// The network with all that an export says of it.
    func exported() throws -> ExportedNetwork {
        ExportedNetwork(
            model: recipe.model.name, network: network,
            preprocessing: description.preprocessing ?? recipe.preprocessing,
            classes: description.classes, recipe: recipe, weights: name,
            digest: try SHA256Sum.ofFile(file.path), measured: measured)
    }

    /// What the training measured of them; top-5 is known of its result alone.
    private var measured: ExportedNetwork.Measured? {
        let path = "\(run.path)/result.json"
        guard let bytes = try? BoundedFile.read(path, limit: 1 << 20),
            let result = try? JSONDecoder().decode(TrainingResult.self, from: Data(bytes)),
            let top1 = result.candidates.first(where: { $0.weights == weights })?.top1
        else { return nil }
        let hasTop5 = result.weights == weights && network.classes > 5
        return ExportedNetwork.Measured(
            top1: top1, top5: hasTop5 ? result.top5 : nil, images: result.images)
    }

    /// The images that an export takes along: those of the recipe's validation, or of `data`.
    func images(_ data: String?) throws -> ImageDataset {
        let place = data ?? recipe.data.val
        guard !FileKind.isMissing(place) else {
            throw ExportError(
                "\(place): is not there, and an export takes some images along", .imagesMissing)
        }
        return try ImageDataset(place)
    }
}
