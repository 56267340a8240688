import Loading
import Models
import Recipes
import Torch

/// Runs a network over labelled images in evaluation mode.
package struct Evaluator {
    private let loader: EvaluationLoader
    private let pass: ForwardPass

    /// Makes an evaluator.
    ///
    /// - Parameter precision: `fp32` evaluates without autocast, as the recipe's validation does.
    package init(
        _ loader: EvaluationLoader, mean: [Double], std: [Double], device: Device,
        precision: Recipe.Precision = .fp32
    ) throws(TorchError) {
        self.loader = loader
        pass = try ForwardPass(mean: mean, std: std, device: device, precision: precision)
    }

    /// Measures a network's accuracy.
    ///
    /// - Parameter progress: told the number of images done after each batch; what it throws ends
    ///   the measurement.
    /// - Throws: `DatasetError` for an image that cannot be decoded; `TrainingError` naming an image
    ///   whose logits are not finite; `TorchError`.
    package func accuracy(
        of network: any Predictor, progress: (Int) throws -> Void = { _ in }
    ) throws -> Accuracy {
        try accuracies(of: [network], progress: progress)[0].get()
    }

    /// Measures several networks in one pass, which reads each image once.
    ///
    /// - Returns: the accuracies in the order of the networks; in place of one the `TrainingError`
    ///   naming an image whose logits are not finite.
    /// - Throws: what of `accuracy` is no network's fault.
    func accuracies(
        of networks: [any Predictor], progress: (Int) throws -> Void = { _ in }
    ) throws -> [Result<Accuracy, TrainingError>] {
        var tallies = networks.map { _ in Result<Accuracy, TrainingError>.success(Accuracy()) }
        var images = 0
        let batches = loader.batches()
        while tallies.contains(where: \.isSuccess), let batch = try batches.next() {
            for (index, network) in networks.enumerated() {
                guard case .success(var accuracy) = tallies[index] else { continue }
                let answers = try answers(of: network, to: batch)
                if let row = answers.firstNotFinite {
                    tallies[index] = .failure(notFinite(at: images + row))
                    continue
                }
                for (row, label) in batch.labels.enumerated() {
                    accuracy.count(label: label, among: answers.best(row))
                }
                tallies[index] = .success(accuracy)
            }
            images += batch.labels.count
            try progress(images)
        }
        return tallies
    }

    /// Measures all that is measured of a network; as `accuracy`, whose numbers are among them.
    package func evaluation(
        of network: any Predictor, progress: (Int) throws -> Void = { _ in }
    ) throws -> Evaluation {
        let classes = network.classes
        var evaluation = Evaluation(classes: classes)
        let batches = loader.batches()
        while let batch = try batches.next() {
            let answers = try answers(of: network, to: batch)
            if let row = answers.firstNotFinite {
                throw notFinite(at: evaluation.accuracy.images + row)
            }
            let logits = try answers.logits.floats()
            for (row, label) in answers.labels.enumerated() {
                evaluation.count(
                    label: label, logits: logits[row * classes..<(row + 1) * classes],
                    best: answers.best(row))
            }
            try progress(evaluation.accuracy.images)
        }
        return evaluation
    }

    /// The answers to a batch.
    private struct Answers {
        let labels: [Int]
        /// `[N, classes]`, float32, on the device.
        let logits: Tensor
        /// The five most probable classes of each image, or all of fewer.
        let best: [Int64]
        /// The first image with a logit that is not finite.
        let firstNotFinite: Int?

        func best(_ row: Int) -> ArraySlice<Int64> {
            let width = best.count / labels.count
            return best[row * width..<(row + 1) * width]
        }
    }

    private func answers(
        of network: any Predictor, to batch: EvaluationBatch
    ) throws(TorchError) -> Answers {
        let logits = try pass.logits(of: network, to: batch.pixels)
        return try Answers(
            labels: batch.labels, logits: logits,
            best: logits.topK(min(5, network.classes)).indices.int64s(),
            firstNotFinite: logits.nonFiniteRows().first)
    }

    private func notFinite(at image: Int) -> TrainingError {
        TrainingError(
            "\(loader.dataset.location(of: image)): the network's logits are not finite, so its "
                + "accuracy cannot be measured; look at its weights")
    }
}

extension Result {
    fileprivate var isSuccess: Bool { if case .success = self { true } else { false } }
}
