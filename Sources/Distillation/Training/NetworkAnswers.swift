import Loading
import Models
import Recipes
import Torch

/// What a network answers to labelled images, batch by batch in their order.
///
/// `Evaluator` counts; this is for who compares or explains answers.
package final class NetworkAnswers {
    /// A batch's images and the logarithms of the probabilities that they are given.
    package struct Batch {
        /// The index of the first image.
        package let first: Int
        package let labels: [Int]
        /// `[N, classes]`, float32, on the host.
        package let logProbabilities: Tensor
    }

    private let network: any InferenceModel
    private let loader: EvaluationLoader
    private let batches: BatchPipeline<EvaluationDraft, EvaluationBatch>
    private let normalization: Normalization
    private let device: Device
    private let precision: Recipe.Precision
    private var done = 0

    /// Starts to render the loader's images.
    package init(
        of network: any InferenceModel, to loader: EvaluationLoader, mean: [Double],
        std: [Double], device: Device, precision: Recipe.Precision = .fp32
    ) throws(TorchError) {
        self.network = network
        self.loader = loader
        self.device = device
        self.precision = precision
        normalization = try Normalization(mean: mean, std: std, device: device)
        batches = loader.batches()
    }

    /// The next batch; `nil` after the last.
    ///
    /// - Throws: `DatasetError` for an image that cannot be decoded; `TrainingError` naming an image
    ///   whose logits are not finite; `TorchError`.
    package func next() throws -> Batch? {
        guard let batch = try batches.next() else { return nil }
        let inputs = try batch.pixels.withTensor { pixels throws(TorchError) in
            try normalization(pixels.to(device))
        }
        let answers = try withoutGrad { () throws(TorchError) in
            try withAutocast(precision.autocast, on: device) { () throws(TorchError) in
                try network.logits(inputs).to(.float32)
            }.logSoftmax(dimension: -1).to(.cpu)
        }
        if let row = try answers.nonFiniteRows().first {
            throw TrainingError(
                "\(loader.dataset.location(of: done + row)): the network's logits are not finite, "
                    + "so its answer cannot be told; look at its weights")
        }
        defer { done += batch.labels.count }
        return Batch(first: done, labels: batch.labels, logProbabilities: answers)
    }
}
