import Foundation
import Imaging
import Recipes
import Torch

/// A batch of validation images.
package struct EvaluationBatch: Sendable {
    /// The images.
    package let pixels: PixelBatch
    /// The label of each image.
    package let labels: [Int]
}

/// Renders a data set's images for evaluation, in order.
package struct EvaluationLoader: Sendable {
    /// The images.
    package let dataset: ImageDataset
    /// How each is brought to size.
    package let transform: EvaluationTransform
    let batch: Int
    private let options: LoadingOptions

    /// Makes a loader that yields `batch` images at a time; the last batch may be smaller.
    package init(
        _ dataset: ImageDataset, transform: EvaluationTransform, batch: Int,
        options: LoadingOptions
    ) {
        precondition(batch >= 1)
        self.dataset = dataset
        self.transform = transform
        self.batch = batch
        self.options = options
    }

    /// Checks that a batch can fit into memory at all, before anything is begun.
    ///
    /// - Throws: `DatasetError`.
    package func checkMemory(on device: Device) throws(DatasetError) {
        try PixelMemory(
            images: min(batch, dataset.samples.count), sizes: [transform.size], device: device
        ).check("a validation batch", keys: "validation.batch or validation.size")
    }

    /// Starts rendering every image on background threads.
    package func batches() -> BatchPipeline<EvaluationDraft, EvaluationBatch> {
        let work = BatchWork(
            images: dataset.samples.count, batch: batch, size: transform.size, from: options.pool
        ) { [dataset, transform] index, worker, target in
            try dataset.reading(index, into: worker.file) { bytes in
                try transform(bytes, with: worker, into: target)
            }
        }
        return BatchPipeline(work, workers: options.workers) { [dataset] draft in
            EvaluationBatch(
                pixels: draft.pixels, labels: dataset.samples[draft.range].map(\.knownLabel))
        }
    }
}

/// A batch while its images are rendered.
package struct EvaluationDraft: Sendable {
    let first: Int
    let pixels: PixelBatch

    /// Which images it is of.
    var range: Range<Int> { first..<first + pixels.count }
}

extension BatchWork<EvaluationDraft> {
    /// The work of rendering images in order, `batch` at a time; the last batch may be smaller.
    ///
    /// - Parameter render: renders one of them, on any thread, as `size` x `size` pixels.
    init(
        images: Int, batch: Int, size: Int, from pool: BufferPool,
        render:
            @escaping @Sendable (_ image: Int, RenderWorker, UnsafeMutablePointer<UInt8>) throws ->
            Void
    ) {
        // Any number may be asked for at a time.
        let batch = min(batch, max(images, 1))
        let bytes = batch * size * size * 3
        self.init(
            count: (images + batch - 1) / batch, hasRoom: { _ in pool.hasRoom(bytes) },
            begin: { index in
                let first = index * batch
                let members = min(batch, images - first)
                let pixels = try PixelBatch(count: members, size: size, from: pool)
                return (EvaluationDraft(first: first, pixels: pixels), members)
            },
            make: { draft, member, worker in
                try render(draft.first + member, worker, draft.pixels.image(member))
            })
    }
}

/// How an image is brought to a network's input outside training: the short side resized, the
/// center cropped.
package struct EvaluationTransform: Sendable, Equatable {
    /// The side of the crop, in pixels.
    package let size: Int
    /// The length that the short side is resized to, in pixels.
    package let resize: Int
    /// The resampling filter, always antialiased.
    package let interpolation: Interpolation

    /// Makes a transform; `resize` must be at least `size`.
    package init(size: Int, resize: Int, interpolation: Interpolation) {
        precondition(resize >= size, "the resized image must hold the crop")
        self.size = size
        self.resize = resize
        self.interpolation = interpolation
    }

    /// Applies the transform.
    ///
    /// - Returns: `size` x `size` pixels.
    /// - Throws: `ImageError` as `ImageDecoder.decode`.
    package func callAsFunction(
        _ bytes: UnsafeRawBufferPointer, with worker: RenderWorker,
        into target: UnsafeMutablePointer<UInt8>
    ) throws(ImageError) {
        try worker.renderer.render(
            bytes, interpolation: interpolation, geometry: geometry, into: target)
    }

    /// Applies the transform to one image, as a batch of its own.
    ///
    /// - Throws: `ImageError` as `ImageDecoder.decode`; `TorchError` for want of memory.
    package func callAsFunction(_ bytes: UnsafeRawBufferPointer) throws -> PixelBatch {
        let batch = try PixelBatch(imageOfSize: size)
        try self(bytes, with: RenderWorker(), into: batch.image(0))
        return batch
    }

    /// The size that an image is resized to, and the part of it that is kept.
    ///
    /// Source: torchvision `Resize` and `CenterCrop` on PIL images.
    func geometry(
        width: Int, height: Int
    ) -> (width: Int, height: Int, window: PixelRect) {
        let short = min(width, height)
        // int(resize · long / short), as torchvision truncates.
        let resizedWidth = width == short ? resize : resize * width / short
        let resizedHeight = height == short ? resize : resize * height / short
        // Python's round goes half to even.
        func offset(_ length: Int) -> Int {
            Int((Double(length - size) / 2).rounded(.toNearestOrEven))
        }
        let window = PixelRect(
            x: offset(resizedWidth), y: offset(resizedHeight), width: size, height: size)
        return (resizedWidth, resizedHeight, window)
    }
}
