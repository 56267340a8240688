import Base
import Foundation
import Models
import Recipes
import Torch

/// A trained network with all that its exports say of it.
package struct ExportedNetwork {
    /// The network's published name.
    package let model: String
    package let network: any ImageClassifier
    package let preprocessing: Preprocessing
    /// In the order of the logits.
    package let classes: [String]
    /// The recipe that it was trained by.
    package let recipe: Recipe
    /// Which of the run's weights they are, in words.
    package let weights: String
    /// SHA-256 of the file that the run has them in, in hexadecimal.
    package let digest: String
    /// What was measured of them on the validation images; nil where that is not known.
    package let measured: Measured?

    /// Accuracies in percent.
    package struct Measured: Sendable, Equatable {
        package let top1: Double
        /// Nil where all classes are among five.
        package let top5: Double?
        package let images: Int

        package init(top1: Double, top5: Double?, images: Int) {
            (self.top1, self.top5, self.images) = (top1, top5, images)
        }
    }

    package init(
        model: String, network: any ImageClassifier, preprocessing: Preprocessing,
        classes: [String]?, recipe: Recipe, weights: String, digest: String, measured: Measured?
    ) {
        self.model = model
        self.network = network
        self.preprocessing = preprocessing
        // Without names, a class's number is one.
        self.classes = classes ?? (0..<network.classes).map(String.init)
        self.recipe = recipe
        self.weights = weights
        self.digest = digest
        self.measured = measured
        precondition(self.classes.count == network.classes, "there is a name for each class")
    }
}

extension ExportedNetwork {
    /// What the network is in another library, and how its weights are laid out there.
    ///
    /// - Throws: `ExportError` if it is not there.
    func counterpart(
        in library: WeightOrigin
    ) throws(ExportError) -> (network: Counterpart, layout: WeightLayout) {
        guard let counterpart = network.architecture.counterpart(in: library) else {
            throw ExportError(
                "no network of \(library.owner) is like \(model), a \(network.architecture.kind)",
                .noCounterpart)
        }
        return counterpart
    }

    /// Refuses a library that has no such network.
    package func check(_ library: WeightOrigin) throws(ExportError) {
        _ = try counterpart(in: library)
    }

    /// The recipe as it was resolved, without its paths.
    var recipeText: String { recipe.contentYAML }

    /// How images become the network's input, for machines.
    var preprocessingValue: JSONValue {
        [
            "size": .integer(preprocessing.size), "resize": .integer(preprocessing.resize),
            "interpolation": .text(preprocessing.interpolation.rawValue),
            "mean": .list(preprocessing.mean.map { .number($0) }),
            "std": .list(preprocessing.std.map { .number($0) }),
        ]
    }
}

/// An export that cannot be made: what is wrong and where.
package struct ExportError: Error, CustomStringConvertible, Equatable {
    /// One line.
    package let description: String
    package let kind: Kind

    /// What whoever asked for the export can do about it.
    package enum Kind: Sendable, Equatable {
        /// The format is for other networks.
        case noCounterpart
        /// The place is taken by something else.
        case placeTaken
        /// The images that it takes along are not there.
        case imagesMissing
        /// Nothing but what the line says.
        case other
    }

    package init(_ description: String, _ kind: Kind = .other) {
        self.description = description.printable
        self.kind = kind
    }
}
