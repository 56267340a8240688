import Foundation
import Imaging
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
        let count = dataset.samples.count
        // Any number may be asked for at a time.
        let batch = min(batch, max(count, 1))
        let (size, pool) = (transform.size, options.pool)
        let bytes = batch * size * size * 3
        let work = BatchWork<EvaluationDraft>(
            count: (count + batch - 1) / batch, hasRoom: { _ in pool.hasRoom(bytes) },
            begin: { index in
                let first = index * batch
                let members = min(batch, count - first)
                let pixels = try PixelBatch(count: members, size: size, from: pool)
                return (EvaluationDraft(first: first, pixels: pixels), members)
            },
            make: { [dataset, transform] draft, member, worker in
                try dataset.reading(draft.first + member, into: worker.file) { bytes in
                    try transform(bytes, with: worker, into: draft.pixels.image(member))
                }
            })
        return BatchPipeline(work, workers: options.workers) { [dataset] draft in
            EvaluationBatch(
                pixels: draft.pixels,
                labels: dataset.samples[draft.first..<draft.first + draft.pixels.count]
                    .map(\.label))
        }
    }
}

/// A batch while its images are rendered.
package struct EvaluationDraft: Sendable {
    let first: Int
    let pixels: PixelBatch
}
