import Base
import Foundation
import Torch

/// What a finished training came to, as `result.json` holds it.
package struct TrainingResult: Codable, Equatable, Sendable {
    /// The recipe's name.
    package let name: String
    /// The network's name.
    package let model: String
    /// Top-1 accuracy of the averaged network on the validation images, in percent.
    package let top1: Double
    /// Top-5 accuracy of the same, in percent.
    package let top5: Double
    /// Top-1 accuracy of the best single snapshot, in percent.
    package let bestTop1: Double
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
        case name, model, top1, top5, images, epochs, steps, seconds, averaged, teachers
        case bestTop1 = "best_top1"
        case replayedEpochs = "replayed_epochs"
        case imagesPerSecond = "images_per_second"
    }
}

extension TrainingResult {
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
