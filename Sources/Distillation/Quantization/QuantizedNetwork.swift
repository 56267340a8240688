import Base
import Graphs
import Loading
import Models
import Recipes
import Torch

/// A network in integers of 8 bits, as it is simulated and as it is exported.
///
/// Batch normalizations are folded; weights have a scale for each channel, activations one for each
/// value, which some images decide that are prepared as for a validation (`ActivationScales`).
package struct QuantizedNetwork {
    /// How many images decide the scales of activations.
    package static let calibrationViews = 512
    /// How many of them show which layers suffer.
    package static let sensitivityViews = 64
    private static let batch = 32

    /// In floats, without batch normalizations.
    package let exact: Graph
    /// The same in integers.
    package let graph: Graph
    /// How many images decided the scales.
    package let views: Int
    private let scales: [String: ActivationScale]
    private let images: CalibrationImages

    /// Quantizes a network.
    ///
    /// - Parameters:
    ///   - calibration: the images that decide, spread evenly over a data set: those that it was
    ///     trained on, best.
    ///   - progress: told before each batch how many images were seen, each of which is seen twice.
    /// - Throws: `TorchError` if the network's family has no graph, or a value is not finite;
    ///   `DatasetError`.
    package init(
        _ network: any ImageClassifier, _ preprocessing: Preprocessing,
        calibration: ImageDataset, on device: Device, progress: (Int) -> Void = { _ in }
    ) throws {
        exact = try network.graph(imageSize: preprocessing.size).foldingBatchNorms()
        let images = try CalibrationImages(
            calibration.sample(Self.calibrationViews, preprocessing.transform), preprocessing,
            device,
            batch: Self.batch)
        var done = 0
        scales = try ActivationScales.measured(of: exact, over: images.batches) { index in
            progress(done)
            let batch = try images.batch(index)
            done += batch.shape[0]
            return batch
        }
        graph = try exact.quantized(exact.integerLayers, scales)
        views = images.count
        self.images = images
    }

    /// Passes over layers that `sensitivities` takes.
    package var passes: Int { batches * exact.integerLayers.count }

    private var batches: Int { min(images.batches, Self.sensitivityViews / Self.batch) }

    /// How much each layer suffers, those first that suffer most.
    ///
    /// - Parameter progress: told how many of the `passes` are done.
    package func sensitivities(
        progress: (Int) -> Void = { _ in }
    ) throws -> [LayerSensitivity] {
        let batches = batches
        return try exact.sensitivities(
            scales, over: batches,
            // Evenly over the data set here, too.
            { try images.batch($0 * images.batches / batches) }, progress: progress
        ).sorted { $0.decibels < $1.decibels }
    }
}

/// Images as a network takes them, some at a time.
private struct CalibrationImages {
    private let pixels: PixelBatch
    private let normalization: Normalization
    private let device: Device
    private let size: Int

    init(
        _ pixels: PixelBatch, _ preprocessing: Preprocessing, _ device: Device, batch: Int
    ) throws(TorchError) {
        (self.pixels, self.device, size) = (pixels, device, batch)
        normalization = try Normalization(
            mean: preprocessing.mean, std: preprocessing.std, device: device)
    }

    var count: Int { pixels.count }
    var batches: Int { (count + size - 1) / size }

    func batch(_ index: Int) throws(TorchError) -> Tensor {
        let start = index * size
        return try pixels.withTensor { pixels throws(TorchError) in
            let some = try pixels.narrowed(
                dimension: 0, start: start, count: min(size, count - start))
            return try normalization(some.to(device))
        }
    }
}
