import Base
import Learning
import Loading
import Models
import Recipes
import Torch

/// What a training makes of its recipe's sections.
extension Recipe {
    /// The recipe's network with freshly drawn weights.
    ///
    /// - Throws: `TrainingError` for an unknown name, listing the known ones, or for images of a size
    ///   that the network does not take; `TorchError` for an initialization that it has not.
    package func makeNetwork(on device: Device) throws -> any ImageClassifier {
        guard let published = PublishedNetwork.named(model.name) else {
            throw TrainingError(
                "recipe \(name): no model '\(model.name)'; known: "
                    + PublishedNetwork.examples(insteadOf: model.name))
        }
        let network = try published.architecture.makeNetwork(
            classes: data.classes, device: device, seed: networkSeed,
            initialization: model.initialization, dropPath: model.dropPath)
        for (key, size) in [("view.size", view.size), ("validation.size", validation.size)] {
            if let only = network.imageSize, size != only {
                throw TrainingError(
                    "recipe \(name): \(key) is \(size), but \(model.name) takes images of \(only)")
            }
        }
        return network
    }

    /// Refuses a recipe whose groups leave a network's normalization over the batch one value per
    /// channel.
    ///
    /// Of one value the variance is zero: every channel would become its bias, whatever the image,
    /// and the running variance not a number.
    func checkBatchNorm(of network: any ImageClassifier) throws(TrainingError) {
        guard let values = network.valuesPerChannel(imageSize: view.size),
            batch.group * values == 1
        else { return }
        throw TrainingError(
            "batch.group \(batch.group) leaves one value per channel at \(view.size) px, over which "
                + "\(model.name) cannot normalize; raise batch.group or view.size")
    }

    /// What the training minimizes.
    var trainingLoss: Learning.Loss {
        Learning.Loss(loss.terms)
    }

    /// Whether responses count in the loss.
    var learnsFromTeachers: Bool { loss.needsTeacher && !teachers.isEmpty }

    /// The number of view epochs, where it is below that of training epochs.
    var replayedEpochs: Int? {
        cache.flatMap { $0.epochs < schedule.epochs ? $0.epochs : nil }
    }

    /// The recipe's learning rates, for a number of steps in each epoch.
    package func learningRateSchedule(stepsPerEpoch: Int) -> LearningRateSchedule {
        LearningRateSchedule(schedule, rate: optimizer.lr, stepsPerEpoch: stepsPerEpoch)
    }

    /// How images are prepared where the network is measured, which is how it is to be used.
    package var preprocessing: Preprocessing {
        Preprocessing(
            size: validation.size, resize: validation.resize,
            interpolation: validation.interpolation, mean: view.mean, std: view.std)
    }

    /// What weights that are trained by the recipe say of themselves.
    ///
    /// - Parameter classes: the names of the data's classes; `nil` where they are not known.
    package func weightsDescription(classes: [String]?) -> WeightsDescription {
        WeightsDescription(
            model: model.name, recipe: name,
            recipeDigest: SHA256Sum(Array(contentYAML.utf8)).hexadecimal,
            preprocessing: preprocessing, classes: classes)
    }
}

extension Recipe.Validation {
    /// How validation images are brought to size.
    package var transform: EvaluationTransform {
        EvaluationTransform(
            size: size, resize: resize, interpolation: interpolation)
    }
}
