import Torch

/// A module that somebody exported, as a model: its images in the type that it takes, its answers as
/// logits, in whatever batches.
package final class ExportedModel: InferenceModel {
    /// What a module answers.
    package enum Output: String, Sendable, CaseIterable {
        case logits
        /// Shares that sum to 1.
        case probabilities
    }

    package let classes: Int
    package let imageSize: Int?
    private let module: ExportedModule
    private let batch: Int?
    private let input: DType
    private let output: Output

    /// Loads a module and runs it once over images of zeros, so that what does not fit is known at the
    /// start.
    ///
    /// - Parameters:
    ///   - size: the side of its images, in pixels.
    ///   - batch: the only number of images that it takes at a time; nil if any will do.
    ///   - input: the type of its images.
    /// - Throws: `TorchError` if it cannot be loaded, or does not answer `[N, classes]` to
    ///   `[N, 3, size, size]`.
    package init(
        path: String, format: ExportedModule.Format, classes: Int, size: Int, batch: Int? = nil,
        input: DType = .float32, output: Output = .logits, device: Device
    ) throws(TorchError) {
        module = try ExportedModule(path: path, format: format, device: device)
        (self.classes, imageSize) = (classes, size)
        (self.batch, self.input, self.output) = (batch, input, output)
        try withoutGrad { () throws(TorchError) in
            // Two of a batch that is free: one that is fixed at 1 shows itself.
            let count = batch ?? 2
            let zeros = try Tensor.zeros([count, 3, size, size], device: device)
            let found = try answer(zeros)
            guard found.shape == [count, classes], found.dtype.isFloatingPoint else {
                throw TorchError(
                    operation: "exported module",
                    message: "\(path): answers images \(zeros.shape) with \(found.dtype.rawValue) "
                        + "\(found.shape), expected \([count, classes]); it is of other classes, or "
                        + "its first output is not the logits")
            }
        }
    }

    package func logits(_ images: Tensor) throws(TorchError) -> Tensor {
        let answers = try answers(images).to(.float32)
        return switch output {
        case .logits: answers
        case .probabilities: try answers.logitsOfProbabilities()
        }
    }

    /// The answers to any number of images; of a module that takes only so many at a time, the last of
    /// them are made up to as many with images of zeros.
    private func answers(_ images: Tensor) throws(TorchError) -> Tensor {
        let count = images.shape[0]
        guard let batch, batch != count else { return try answer(images) }
        var answers: [Tensor] = []
        for start in stride(from: 0, to: count, by: batch) {
            let there = min(batch, count - start)
            var piece = try images.narrowed(dimension: 0, start: start, count: there)
            if there < batch {
                let rest = try Tensor.zeros(
                    [batch - there] + images.shape.dropFirst(), dtype: images.dtype,
                    device: images.device)
                piece = try .concatenated([piece, rest], dimension: 0)
            }
            answers.append(try answer(piece).narrowed(dimension: 0, start: 0, count: there))
        }
        return try .concatenated(answers, dimension: 0)
    }

    private func answer(_ images: Tensor) throws(TorchError) -> Tensor {
        try module(images.to(input).contiguous())
    }
}
