import Torch

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
        if let wrong = indices.first(where: { !(0..<model.classes).contains($0) }) {
            throw TorchError.shape(
                "class map", expected: "indices from 0 to \(model.classes - 1)",
                found: "\(wrong)")
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
