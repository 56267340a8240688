import Base
import Foundation
import Imaging
import Loading
import Models
import Torch

/// Some images, and what a network answers to them here, for whoever wants to know whether an export
/// answers likewise.
///
/// In `golden/` are the images as they are after resize and crop, `0.png` and so on, and
/// `golden.safetensors` with `pixels` (`[N, H, W, 3]`, uint8), `images` (`[N, 3, H, W]`, float32,
/// normalized) and `logits` (`[N, classes]`, float32); of an export in 8 bits `int8_logits`, too, as
/// they are simulated.
package struct GoldenAnswers {
    /// How many images are taken, where there are as many.
    private static let mostImages = 8
    static let folderName = "golden"
    static let fileName = "golden.safetensors"

    /// `[N, size, size, 3]`.
    let pixels: PixelBatch
    /// `[N, 3, size, size]`.
    let images: Tensor
    /// `[N, classes]`.
    let logits: Tensor

    package var imageCount: Int { pixels.count }

    /// Has a network answer to images that are spread evenly over a data set.
    ///
    /// - Throws: `DatasetError`, `TorchError`; `ExportError` if an answer is not finite.
    package init(of exported: ExportedNetwork, to dataset: ImageDataset) throws {
        let preprocessing = exported.preprocessing
        pixels = try dataset.sample(Self.mostImages, preprocessing.transform)
        let normalization = try Normalization(
            mean: preprocessing.mean, std: preprocessing.std, device: .cpu)
        images = try pixels.withTensor { pixels throws(TorchError) in
            try normalization(pixels).contiguous()
        }
        logits = try Self.answers(of: exported.network, to: images)
    }

    /// A model's logits.
    static func answers(of network: any InferenceModel, to images: Tensor) throws -> Tensor {
        let logits = try withoutGrad { try network.logits(images) }
        guard try logits.nonFiniteCount() == 0 else {
            throw ExportError("the network's logits are not finite; look at its weights")
        }
        return logits
    }

    /// Writes the folder into an export.
    ///
    /// - Parameter quantized: the same network in 8 bits, if it is exported so.
    package func write(
        to folder: borrowing ExportFolder, quantized: (any InferenceModel)? = nil
    ) throws {
        try folder.make(Self.folderName)
        let size = pixels.size
        let bytes = size * size * 3
        for index in 0..<pixels.count {
            let image = pixels.withBytes {
                Image(
                    width: size, height: size,
                    pixels: [UInt8]($0[index * bytes..<(index + 1) * bytes]))
            }
            try folder.write(ImageEncoder.png(image), to: "\(Self.folderName)/\(index).png")
        }
        var tensors = [
            (
                "pixels",
                try pixels.withTensor { pixels throws(TorchError) in try pixels.cloned() }
            ),
            ("images", images), ("logits", logits),
        ]
        if let quantized {
            tensors.append(("int8_logits", try Self.answers(of: quantized, to: images)))
        }
        try SafetensorsFile.write(
            tensors, metadata: ["format": "pt"],
            to: "\(folder.path)/\(Self.folderName)/\(Self.fileName)")
    }
}

extension ImageDataset {
    /// Some of the images, spread evenly over the data set, as they are after a transform; all where
    /// there are fewer.
    ///
    /// - Throws: `DatasetError`, `TorchError`.
    package func sample(_ count: Int, _ transform: EvaluationTransform) throws -> PixelBatch {
        let count = min(count, samples.count)
        let file = FileBuffer()
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count * transform.size * transform.size * 3)
        for index in 0..<count {
            let image = try reading(index * samples.count / count, into: file) {
                try transform($0)
            }
            image.withBytes { pixels.append(contentsOf: $0) }
        }
        return try PixelBatch(pixels, size: transform.size)
    }
}
