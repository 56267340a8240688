import Foundation
import Imaging
import Recipes

/// How an image is brought to a network's input outside training: the short side resized, the
/// centre cropped.
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

