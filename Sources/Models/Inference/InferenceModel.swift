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
