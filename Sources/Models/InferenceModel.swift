import Torch

/// What answers images with logits and is not trained here: a network in evaluation mode, the graph of
/// one, a module that somebody exported, or something made of such.
package protocol InferenceModel {
    /// The width of the logits.
    var classes: Int { get }

    /// The only side that images may have, in pixels; nil if any will do.
    var imageSize: Int? { get }

    /// Computes class logits.
    ///
    /// - Parameter images: `[N, 3, H, W]`, normalized, on the model's device.
    /// - Returns: `[N, classes]`.
    /// - Throws: `TorchError` if the images do not fit the model.
    func logits(_ images: Tensor) throws(TorchError) -> Tensor
}

extension Tensor {
    /// Logits whose softmax these probabilities are: their logarithms.
    ///
    /// - Returns: finite numbers; a probability of 0, to which half precision rounds the small ones of
    ///   many classes, is taken for the smallest normal float32, 1e-38.
    package func logitsOfProbabilities() throws(TorchError) -> Tensor {
        try clamped(min: Double(Float.leastNormalMagnitude)).log()
    }
}

/// A model that tells apart some of another's classes: its responses are the other's, given that one
/// of them is right.
///
/// The softmax over the logits that are left is each one's probability over their sum.
package final class SelectedClasses: InferenceModel {
    private let model: any InferenceModel
    private let indices: Tensor

    /// - Parameter indices: the model's classes in the order in which they are wanted.
    package init(
        _ indices: [Int], of model: any InferenceModel, on device: Device
    ) throws(TorchError) {
        guard indices.allSatisfy((0..<model.classes).contains) else {
            throw TorchError.shape(
                "class map", expected: "indices below \(model.classes)",
                found: "\(indices.max() ?? 0)")
        }
        self.model = model
        self.indices = try Tensor(indices.map(Int64.init), shape: [indices.count]).to(device)
    }

    package var classes: Int { indices.count }
    package var imageSize: Int? { model.imageSize }

    package func logits(_ images: Tensor) throws(TorchError) -> Tensor {
        try model.logits(images).indexSelected(dimension: 1, index: indices)
    }
}
