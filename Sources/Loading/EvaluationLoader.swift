import Foundation
import Imaging
import Recipes

/// How an image is brought to a network's input outside training: the short side resized, the
/// centre cropped.
public struct EvaluationTransform: Sendable, Equatable {
    /// The side of the crop, in pixels.
    public let size: Int
    /// The length that the short side is resized to, in pixels.
    public let resize: Int
    /// The resampling filter, always antialiased.
    public let interpolation: Interpolation

    /// Makes a transform; `resize` must be at least `size`.
    public init(size: Int, resize: Int, interpolation: Interpolation) {
        precondition(resize >= size, "the resized image must hold the crop")
        self.size = size
        self.resize = resize
        self.interpolation = interpolation
    }

    /// Applies the transform. Source: torchvision `Resize` and `CenterCrop` on PIL images.
    ///
    /// - Returns: `size` x `size` pixels.
    public func callAsFunction(_ image: Image) -> Image {
        let short = min(image.width, image.height)
        // int(resize · long / short), as torchvision truncates.
        let width = image.width == short ? resize : resize * image.width / short
        let height = image.height == short ? resize : resize * image.height / short
        // Python's round goes half to even.
        func offset(_ length: Int) -> Int {
            Int((Double(length - size) / 2).rounded(.toNearestOrEven))
        }
        return image.resized(width: width, height: height, interpolation: interpolation)
            .cropped(
                to: PixelRect(x: offset(width), y: offset(height), width: size, height: size))
    }
}

/// A batch of validation images.
public struct EvaluationBatch: Sendable {
    /// `[N, size, size, 3]`, uint8 RGB.
    public let pixels: [UInt8]
    /// The label of each image.
    public let labels: [Int]
}

/// Renders a data set's images for evaluation, in order.
public struct EvaluationLoader: Sendable {
    /// The images.
    public let dataset: ImageDataset
    /// How each is brought to size.
    public let transform: EvaluationTransform
    private let batch: Int
    private let workers: Int

    /// Makes a loader that yields `batch` images at a time; the last batch may be smaller.
    public init(
        _ dataset: ImageDataset, transform: EvaluationTransform, batch: Int,
        workers: Int = ProcessInfo.processInfo.activeProcessorCount
    ) {
        precondition(batch >= 1)
        self.dataset = dataset
        self.transform = transform
        self.batch = batch
        self.workers = workers
    }

    /// Starts rendering every image on a background thread.
    public func batches() -> Prefetcher<EvaluationBatch> {
        let count = dataset.samples.count
        return Prefetcher(count: (count + batch - 1) / batch) { index in
            try load(index * batch..<min((index + 1) * batch, count))
        }
    }

    private func load(_ range: Range<Int>) throws -> EvaluationBatch {
        let bytes = transform.size * transform.size * 3
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: range.count * bytes)
        defer { buffer.deallocate() }
        // Images write disjoint ranges of the buffer, which outlives the loop.
        nonisolated(unsafe) let target = buffer
        try forEachIndex(range.count, workers: workers) { offset in
            let image = try dataset.image(range.lowerBound + offset)
            _ = target[offset * bytes..<(offset + 1) * bytes].update(
                from: transform(image).pixels)
        }
        return EvaluationBatch(
            pixels: [UInt8](buffer), labels: range.map { dataset.samples[$0].label })
    }
}

extension Recipe.Filter {
    /// The resampling filter of the same name.
    public var interpolation: Interpolation {
        switch self {
        case .bilinear: .bilinear
        case .bicubic: .bicubic
        }
    }
}
