import Foundation
import Loading
import Models
import Recipes
import ResponseCache
import Torch

/// A frozen classifier whose responses students learn.
public protocol Teacher {
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
public struct NetworkTeacher: Teacher {
    /// What it is.
    public let card: TeacherCard
    /// SHA-256 of the weights' file, in hex.
    public let weightsDigest: String
    /// The network, for evaluation.
    public let network: any ImageClassifier
    private let normalisation: Normalisation
    private let device: Device
    private let precision: Recipe.Precision

    /// The side of the images it takes, in pixels.
    public var size: Int { card.preprocessing.size }

    /// Loads a teacher.
    ///
    /// - Parameter precision: what its forward pass runs in.
    /// - Throws: `TorchError` if the weights are missing or do not fit the card; `TrainingError` if
    ///   they are not the ones the card names by SHA-256, or the card names no network.
    public init(_ card: TeacherCard, device: Device, precision: Recipe.Precision) throws {
        try card.requireNetwork()
        self.card = card
        self.device = device
        self.precision = precision
        let file = try SafetensorsFile(path: card.weightsFile)
        weightsDigest = try Fingerprint.sha256(ofFile: card.weightsFile)
        if let expected = card.weightsSHA256, expected != weightsDigest {
            throw TrainingError(
                "\(card.weightsFile): SHA-256 is \(weightsDigest), card \(card.name) says "
                    + "\(expected); fetch the right weights or mend the card")
        }
        network = try Registry.make(card.architecture, classes: card.classes, device: device)
        try network.store.load(file)
        normalisation = try Normalisation(
            mean: card.preprocessing.mean, std: card.preprocessing.std, device: device)
    }

    /// Its softmax responses, `[N, classes]`, float32, computed without gradients.
    public func probabilities(
        for images: Tensor, normalisedBy other: Normalisation
    ) throws(TorchError) -> Tensor {
        try withoutGrad { () throws(TorchError) in
            let own = normalisation.normalise(other.inverse(images))
            let logits = try withAutocast(precision.autocast, on: device) {
                () throws(TorchError) in
                try network.logits(own, mode: .evaluation)
            }
            return try logits.to(.float32).softmax(dimension: -1)
        }
    }
}

extension TeacherCard {
    /// Refuses a card that names responses where a network is to run.
    ///
    /// - Throws: `TrainingError` for the kind `precomputed`.
    public func requireNetwork() throws(TrainingError) {
        guard case .precomputed = architecture else { return }
        throw TrainingError(
            "teacher \(name) is a file of precomputed responses and cannot be run; "
                + "`understudy cache import` brings them into a cache")
    }
}
