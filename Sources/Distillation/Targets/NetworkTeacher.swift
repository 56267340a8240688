import Base
import Loading
import Models
import Recipes
import ResponseCache
import Torch

/// A network of `Models` with weights from a safetensors file.
package struct NetworkTeacher: Teacher {
    /// What it is.
    package let card: TeacherCard
    /// SHA-256 of the weights' file, in hex.
    package let weightsDigest: String
    /// The network, for evaluation.
    package let network: any ImageClassifier
    private let normalisation: Normalisation
    private let device: Device
    private let precision: Recipe.Precision

    /// The side of the images it takes, in pixels.
    package var size: Int { card.preprocessing.size }

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
        try card.requireNetwork()
        self.card = card
        self.device = device
        self.precision = precision
        let file = try card.openWeights()
        weightsDigest = try card.weightsSHA256 ?? Fingerprint.sha256(ofFile: card.weightsFile)
        network = try Registry.make(card.architecture, classes: card.classes, device: device)
        try network.load(file).forEach(report)
        normalisation = try Normalisation(
            mean: card.preprocessing.mean, std: card.preprocessing.std, device: device)
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
        let found = try Fingerprint.sha256(ofFile: weightsFile)
        guard found == expected else {
            throw TrainingError(
                "\(weightsFile): SHA-256 is \(found), card \(name) says \(expected); fetch the "
                    + "right weights or mend the card")
        }
        return file
    }

    /// Refuses a card that names responses where a network is to run.
    ///
    /// - Throws: `TrainingError` for the kind `precomputed`.
    package func requireNetwork() throws(TrainingError) {
        guard case .precomputed = architecture else { return }
        throw TrainingError(
            "teacher \(name) is a file of precomputed responses and cannot be run; "
                + "`understudy cache import` brings them into a cache")
    }
}

extension TeacherCard.Preprocessing {
    /// How the teacher's own evaluation brings images to size.
    package var transform: EvaluationTransform {
        EvaluationTransform(
            size: size, resize: resize, interpolation: interpolation.interpolation)
    }
}
