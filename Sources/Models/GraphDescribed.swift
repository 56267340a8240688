import Graphs
import Torch

/// A network that says what it computes as a graph, which is how it leaves for other runtimes and is
/// measured in fewer bits.
///
/// `logits` is written once more, with values in place of tensors: layers take both. That both mean
/// the same is a test of every family.
package protocol GraphDescribed: ImageClassifier {
    /// What the network does with images in evaluation mode.
    ///
    /// - Returns: `[classes]` for each image.
    func logits(_ images: GraphValue) throws(TorchError) -> GraphValue
}

extension ImageClassifier {
    /// The network as a graph of images of a size.
    ///
    /// - Throws: `TorchError` if its family has no graph, or for images that do not fit.
    package func graph(imageSize: Int) throws(TorchError) -> Graph {
        guard let network = self as? any GraphDescribed else {
            throw TorchError(
                operation: "graph",
                message: "a network of kind \(architecture.kind) cannot be written as a graph")
        }
        let builder = GraphBuilder(store, size: imageSize)
        return try withoutGrad { () throws(TorchError) in
            try builder.graph(of: network.logits(builder.images))
        }
    }
}

extension Graph: InferenceModel {
    package var imageSize: Int? { size }
}
