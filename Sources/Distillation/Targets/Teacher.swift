import Base
import Loading
import Models
import Recipes
import ResponseCache
import Torch

/// A frozen classifier whose responses students learn.
package protocol Teacher {
    /// What it is.
    var card: TeacherCard { get }

    /// The side of the images it takes, in pixels.
    var size: Int { get }

    /// SHA-256 of its weights, in hex.
    var weightsDigest: String { get }

    /// Its softmax responses, at temperature 1.
    ///
    /// - Parameters:
    ///   - images: `[N, 3, size, size]`, normalised by `normalisation` and mixed.
    ///   - normalisation: what the images were normalised with; the teacher's own replaces it.
    /// - Returns: `[N, classes]`, float32.
    func probabilities(
        for images: Tensor, normalisedBy normalisation: Normalisation
    ) throws(TorchError) -> Tensor
}

/// A network of `Models` with weights from a safetensors file.
package struct NetworkTeacher: Teacher {
    /// What it is.
    package let card: TeacherCard
    /// SHA-256 of the weights' file, in hex.
    package let weightsDigest: String
    /// The network, for evaluation.
    package let network: any ImageClassifier
    /// The side of the images it takes, in pixels.
    package let size: Int
    private let normalisation: Normalisation
    private let device: Device
    private let precision: Recipe.Precision

    /// Loads a teacher.
    ///
    /// - Parameters:
    ///   - precision: what its forward pass runs in.
    ///   - report: is told of each liberty that loading the weights took.
    /// - Throws: `TorchError` if the weights are missing or do not fit the card; `TrainingError` if
    ///   they are not the ones the card names by SHA-256, or the card names no network.
    package init(
        _ card: TeacherCard, device: Device, precision: Recipe.Precision,
        report: (String) -> Void = { StandardStreams.report($0 + "\n") }
    ) throws {
        let described = try card.requireNetwork()
        self.card = card
        size = described.preprocessing.size
        self.device = device
        self.precision = precision
        let file = try card.openWeights()
        weightsDigest = try card.weightsSHA256 ?? SHA256Sum.ofFile(card.weightsFile)
        network = try described.architecture.makeNetwork(classes: card.classes, device: device)
        try network.load(file).forEach(report)
        normalisation = try Normalisation(
            mean: described.preprocessing.mean, std: described.preprocessing.std, device: device)
    }

    /// Its softmax responses, `[N, classes]`, float32, computed without gradients.
    package func probabilities(
        for images: Tensor, normalisedBy other: Normalisation
    ) throws(TorchError) -> Tensor {
        try withoutGrad { () throws(TorchError) in
            let own = try normalisation.normalise(other.inverse(images))
            let logits = try withAutocast(precision.autocast, on: device) {
                () throws(TorchError) in
                try network.logits(own, mode: .evaluation)
            }
            return try logits.to(.float32).softmax(dimension: -1)
        }
    }
}

extension TeacherCard {
    /// Opens the network's weights.
    ///
    /// - Throws: `TorchError` for what is no safetensors file; `TrainingError` if the card names
    ///   other weights by SHA-256, or no network.
    package func openWeights() throws -> SafetensorsFile {
        try requireNetwork()
        let file = try SafetensorsFile(path: weightsFile)
        guard let expected = weightsSHA256 else { return file }
        let found = try SHA256Sum.ofFile(weightsFile)
        guard found == expected else {
            throw TrainingError(
                "\(weightsFile): SHA-256 is \(found), card \(name) says \(expected); fetch the "
                    + "right weights or mend the card")
        }
        return file
    }

    /// The network that is to run.
    ///
    /// - Throws: `TrainingError` for a card of responses.
    @discardableResult
    package func requireNetwork() throws(TrainingError) -> Network {
        guard let network else {
            throw TrainingError(
                "teacher \(name) is a file of precomputed responses and cannot be run",
                .teacherIsFile)
        }
        return network
    }
}

extension Preprocessing {
    /// How the teacher's own evaluation brings images to size.
    package var transform: EvaluationTransform {
        EvaluationTransform(
            size: size, resize: resize, interpolation: interpolation)
    }
}
