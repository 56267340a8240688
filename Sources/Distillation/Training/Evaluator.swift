import Foundation
import Loading
import Models
import Recipes
import Torch

/// The share of images whose label is the first, or among the first five, of a network's classes.
package struct Accuracy: Sendable, Equatable {
    /// Images whose most probable class is their label.
    package let correct1: Int
    /// Images whose label is among the five most probable classes.
    package let correct5: Int
    /// Images in all.
    package let images: Int

    /// Top-1 accuracy, in percent.
    package var top1: Double { 100 * Double(correct1) / Double(max(images, 1)) }
    /// Top-5 accuracy, in percent; with fewer than five classes, of all of them.
    package var top5: Double { 100 * Double(correct5) / Double(max(images, 1)) }
}

/// Runs a network over labelled images in evaluation mode.
package struct Evaluator {
    private let loader: EvaluationLoader
    private let normalization: Normalization
    private let device: Device
    private let precision: Recipe.Precision

    /// Makes an evaluator.
    ///
    /// - Parameter precision: `fp32` evaluates without autocast, as the recipe's validation does.
    package init(
        _ loader: EvaluationLoader, mean: [Double], std: [Double], device: Device,
        precision: Recipe.Precision = .fp32
    ) throws(TorchError) {
        self.loader = loader
        normalization = try Normalization(mean: mean, std: std, device: device)
        self.device = device
        self.precision = precision
    }

    /// Measures a network's accuracy.
    ///
    /// - Parameter progress: told the number of images done after each batch; what it throws ends
    ///   the measurement.
    /// - Throws: `DatasetError` for an image that cannot be decoded; `TrainingError` naming an image
    ///   whose logits are not finite; `TorchError`.
    package func accuracy(
        of network: any ImageClassifier, progress: (Int) throws -> Void = { _ in }
    ) throws -> Accuracy {
        try accuracies(of: [network], progress: progress)[0].get()
    }

    /// Measures several networks in one pass, which reads each image once.
    ///
    /// - Returns: the accuracies in the order of the networks; in place of one the `TrainingError`
    ///   naming an image whose logits are not finite.
    /// - Throws: what of `accuracy` is no network's fault.
    func accuracies(
        of networks: [any ImageClassifier], progress: (Int) throws -> Void = { _ in }
    ) throws -> [Result<Accuracy, TrainingError>] {
        var tallies = networks.map { _ in Tally() }
        var images = 0
        let batches = loader.batches()
        while tallies.contains(where: { $0.failure == nil }), let batch = try batches.next() {
            let inputs = try batch.pixels.withTensor { pixels throws(TorchError) in
                try normalization(pixels.to(device))
            }
            for (index, network) in networks.enumerated() where tallies[index].failure == nil {
                try count(network, on: inputs, batch.labels, from: images, in: &tallies[index])
            }
            images += batch.labels.count
            try progress(images)
        }
        return tallies.map { tally in
            tally.failure.map { .failure($0) }
                ?? .success(
                    Accuracy(correct1: tally.correct1, correct5: tally.correct5, images: images))
        }
    }

    /// What is counted of one network.
    private struct Tally {
        var correct1 = 0
        var correct5 = 0
        var failure: TrainingError?
    }

    /// Counts a batch.
    ///
    /// - Parameter first: the number of its first image.
    private func count(
        _ network: any ImageClassifier, on inputs: Tensor, _ labels: [Int], from first: Int,
        in tally: inout Tally
    ) throws {
        let (best, finite) = try withoutGrad { () throws(TorchError) in
            let logits = try forward(network, inputs)
            return try (
                logits.topK(min(5, network.classes)).indices.int64s(),
                logits.isFinite().sum(dimensions: [1]).int64s()
            )
        }
        if let row = finite.firstIndex(where: { $0 < Int64(network.classes) }) {
            tally.failure = TrainingError(
                "\(loader.dataset.location(of: first + row)): the network's logits are not "
                    + "finite, so its accuracy cannot be measured; look at its weights")
            return
        }
        let width = best.count / labels.count
        for (row, label) in labels.enumerated() {
            let classes = best[row * width..<(row + 1) * width]
            tally.correct1 += classes.first == Int64(label) ? 1 : 0
            tally.correct5 += classes.contains(Int64(label)) ? 1 : 0
        }
    }

    private func forward(
        _ network: any ImageClassifier, _ images: Tensor
    ) throws(TorchError) -> Tensor {
        try withAutocast(precision.autocast, on: device) { () throws(TorchError) in
            try network.logits(images, mode: .evaluation).to(.float32)
        }
    }
}
