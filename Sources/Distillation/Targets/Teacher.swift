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
    ///   - images: `[N, 3, size, size]`, normalized by `normalization` and mixed.
    ///   - normalization: what the images were normalized with; the teacher's own replaces it.
    /// - Returns: `[N, classes]`, float32.
    func probabilities(
        for images: Tensor, normalizedBy normalization: Normalization
    ) throws(TorchError) -> Tensor
}

/// A network of `Models` with weights from a file.
package struct NetworkTeacher: Teacher {
    /// What it is.
    package let card: TeacherCard
    /// What stands for the weights in a cache's identity: the SHA-256 of their file, in hex.
    package let weightsDigest: String
    /// The network, for evaluation.
    package let network: any ImageClassifier
    /// The side of the images it takes, in pixels.
    package let size: Int
    private let normalization: Normalization
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
        weightsDigest = card.weightsIdentity(
            digest: try card.weights.sha256 ?? file.digest())
        network = try described.architecture.makeNetwork(classes: card.classes, device: device)
        card.directory?.notices.forEach { report("\(card.name): \($0)".printable) }
        try network.load(file, layout: card.weights.layout).forEach(report)
        normalization = try Normalization(
            mean: described.preprocessing.mean, std: described.preprocessing.std, device: device)
    }

    /// Its softmax responses, `[N, classes]`, float32, computed without gradients.
    package func probabilities(
        for images: Tensor, normalizedBy other: Normalization
    ) throws(TorchError) -> Tensor {
        try withoutGrad { () throws(TorchError) in
            let own = try normalization.normalize(other.inverse(images))
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
    /// - Throws: `TorchError` for what are no weights; `TrainingError` if the card names other weights
    ///   by SHA-256, or no network.
    package func openWeights() throws -> any WeightsArchive {
        try requireNetwork()
        let file = try WeightsArchives.open(weightsFile, entry: weights.entry)
        guard let expected = weights.sha256 else { return file }
        let found = try file.digest()
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
