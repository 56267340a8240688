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
        of network: any ImageClassifier, progress: (Int) throws -> Void = { _ in }
    ) throws -> Accuracy {
        var accuracy = Accuracy()
        try forEachBatch(network) { answers in
            for (row, label) in answers.labels.enumerated() {
                accuracy.count(label: label, among: answers.best(row))
            }
            try progress(accuracy.images)
        }
        return accuracy
    }

    /// Measures all that is measured of a network; as `accuracy`, whose numbers are among them.
    package func evaluation(
        of network: any ImageClassifier, progress: (Int) throws -> Void = { _ in }
    ) throws -> Evaluation {
        let classes = network.classes
        var evaluation = Evaluation(classes: classes)
        try forEachBatch(network) { answers in
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

        func best(_ row: Int) -> ArraySlice<Int64> {
            let width = best.count / labels.count
            return best[row * width..<(row + 1) * width]
        }
    }

    private func forEachBatch(
        _ network: any ImageClassifier, _ body: (Answers) throws -> Void
    ) throws {
        var images = 0
        let batches = loader.batches()
        while let batch = try batches.next() {
            let logits = try pass.logits(of: network, to: batch.pixels)
            if let row = try logits.nonFiniteRows().first {
                throw TrainingError(
                    "\(loader.dataset.location(of: images + row)): the network's logits are not "
                        + "finite, so its accuracy cannot be measured; look at its weights")
            }
            let best = try logits.topK(min(5, network.classes)).indices.int64s()
            try body(Answers(labels: batch.labels, logits: logits, best: best))
            images += batch.labels.count
        }
    }
}
