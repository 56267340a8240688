import Base
import Foundation
import Torch

/// What a finished training came to, as `result.json` holds it.
package struct TrainingResult: Codable, Equatable, Sendable {
    /// The recipe's name.
    package let name: String
    /// The network's name.
    package let model: String
    /// The weights that are the result, `result` in JSON; the file of that name holds them.
    package let weights: RunWeights
    /// Why they are.
    package let reason: String
    /// Their top-1 accuracy on the validation images, in percent.
    package let top1: Double
    /// Their top-5 accuracy, in percent.
    package let top5: Double
    /// Top-1 accuracy of the mean of the best snapshots, in percent.
    package let averageTop1: Double
    /// Top-1 accuracy of the best snapshot of the validated network; `nil` if its file is lost.
    package let bestTop1: Double?
    /// Top-1 accuracy of the best snapshot of the trained network; `nil` where it is the validated one,
    /// or its file is lost.
    package let rawTop1: Double?
    /// Validation images.
    package let images: Int
    /// Epochs trained.
    package let epochs: Int
    /// Epochs of views that were replayed in turn, where they are fewer than those trained.
    package let replayedEpochs: Int?
    /// Optimizer steps taken.
    package let steps: Int
    /// Wall time in all, in seconds, over all starts.
    package let seconds: Double
    /// Training images for each second spent in steps.
    package let imagesPerSecond: Double
    /// Snapshots averaged.
    package let averaged: Int
    /// The teachers that were learned from, in the recipe's order; `nil` for labels alone.
    package let teachers: [TeacherShare]?

    enum CodingKeys: String, CodingKey {
        case name, model, reason, top1, top5, images, epochs, steps, seconds, averaged, teachers
        case weights = "result"
        case averageTop1 = "average_top1"
        case bestTop1 = "best_top1"
        case rawTop1 = "raw_top1"
        case replayedEpochs = "replayed_epochs"
        case imagesPerSecond = "images_per_second"
    }
}

extension TrainingResult {
    /// The top-1 accuracies of all weights that could be the result, in percent.
    package var candidates: [(weights: RunWeights, top1: Double)] {
        [(.average, averageTop1), (.best, bestTop1), (.raw, rawTop1)].compactMap {
            (weights, top1) in top1.map { (weights, $0) }
        }
    }

    /// Writes the result as JSON.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(encoder.encode(self), to: path)
    }
}

/// Where a training stands that has not come to its end.
package struct TrainingPosition: Equatable, Sendable {
    /// The epoch under way, from 0.
    package let epoch: Int
    /// Epochs in all.
    package let epochs: Int
    /// The next step within the epoch.
    package let step: Int
    /// Optimizer steps taken in all.
    package let steps: Int
    /// The path of the last checkpoint's tensors.
    package let checkpoint: String
}
