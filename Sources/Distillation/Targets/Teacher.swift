import Base
import Loading
import Models
import Recipes
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

/// A teacher that is run: a network with its weights, an exported module, or an ensemble of such.
package struct RunningTeacher: Teacher {
    package let card: TeacherCard
    /// What stands for the weights in a cache's identity: the SHA-256 of their file, in hex.
    package let weightsDigest: String
    package let size: Int
    /// What answers, in evaluation mode.
    package let model: any InferenceModel
    private let normalization: Normalization
    private let device: Device
    private let precision: Recipe.Precision

    /// Loads a teacher.
    ///
    /// - Parameters:
    ///   - precision: what its forward pass runs in.
    ///   - report: is told of each liberty that loading the weights took.
    /// - Throws: As `TeacherCard.makeModel`.
    package init(
        _ card: TeacherCard, device: Device, precision: Recipe.Precision,
        report: (String) -> Void = { StandardStreams.report($0 + "\n") }
    ) throws {
        let preprocessing = try card.requirePreprocessing()
        self.card = card
        size = preprocessing.size
        self.device = device
        self.precision = precision
        model = try card.makeModel(on: device, report: report)
        guard let digest = try card.weightsDigest() else {
            preconditionFailure("a model is loaded whose weights are not there")
        }
        weightsDigest = digest
        normalization = try Normalization(
            mean: preprocessing.mean, std: preprocessing.std, device: device)
    }

    /// Its softmax responses, `[N, classes]`, float32, computed without gradients.
    package func probabilities(
        for images: Tensor, normalizedBy other: Normalization
    ) throws(TorchError) -> Tensor {
        try withoutGrad { () throws(TorchError) in
            let own = try normalization.normalize(other.inverse(images))
            let logits = try withAutocast(precision.autocast, on: device) {
                () throws(TorchError) in
                try model.logits(own)
            }
            return try logits.to(.float32).softmax(dimension: -1)
        }
    }
}
