import Loading
import Models
import Recipes
import Torch

/// Several models whose probabilities are averaged.
///
/// Its images are normalized as the first member's are; each other member has them normalized anew.
final class EnsembleModel: InferenceModel {
    private struct Member {
        let model: any InferenceModel
        let share: Double
        let normalization: Normalization
        /// Whether its images are normalized as the first member's.
        let isAlike: Bool
    }

    let classes: Int
    let imageSize: Int?
    private let members: [Member]

    /// Loads every member.
    init(
        _ ensemble: TeacherCard.Ensemble, on device: Device, report: (String) -> Void
    ) throws {
        let first = try ensemble.members[0].card.requirePreprocessing()
        members = try ensemble.members.map { member in
            let preprocessing = try member.card.requirePreprocessing()
            return Member(
                model: try member.card.makeModel(on: device, report: report),
                share: member.share,
                normalization: try Normalization(
                    mean: preprocessing.mean, std: preprocessing.std, device: device),
                isAlike: preprocessing.mean == first.mean && preprocessing.std == first.std)
        }
        classes = members[0].model.classes
        imageSize = first.size
    }

    /// The logarithms of the mean probabilities, float32.
    func logits(_ images: Tensor) throws(TorchError) -> Tensor {
        let pixels = try members[0].normalization.inverse(images)
        var sum: Tensor?
        for member in members {
            let own = try member.isAlike ? images : member.normalization.normalize(pixels)
            let part =
                try member.model.logits(own).to(.float32).softmax(dimension: -1) * member.share
            sum = if let sum { try sum + part } else { part }
        }
        guard let sum else { preconditionFailure("an ensemble without members") }
        return try sum.logitsOfProbabilities()
    }
}

extension TeacherCard {
    /// How its images are prepared.
    ///
    /// - Throws: `TrainingError` for a card of responses.
    package func requirePreprocessing() throws(TrainingError) -> Preprocessing {
        guard let preprocessing else {
            throw TrainingError(
                "teacher \(name) is a file of precomputed responses and cannot be run",
                .teacherIsFile)
        }
        return preprocessing
    }
}
