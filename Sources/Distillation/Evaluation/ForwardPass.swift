import Loading
import Models
import Recipes
import Torch

/// A network's forward pass over rendered images in evaluation mode.
package struct ForwardPass {
    private let normalization: Normalization
    private let device: Device
    private let precision: Recipe.Precision

    /// Prepares the pass.
    ///
    /// - Parameter precision: `fp32` computes without autocast, as the recipe's validation does.
    package init(
        mean: [Double], std: [Double], device: Device, precision: Recipe.Precision = .fp32
    ) throws(TorchError) {
        normalization = try Normalization(mean: mean, std: std, device: device)
        self.device = device
        self.precision = precision
    }

    /// A network's answers to images.
    ///
    /// - Returns: `[N, classes]`, float32, on the device, without gradients.
    package func logits(
        of network: any Predictor, to pixels: PixelBatch
    ) throws(TorchError) -> Tensor {
        let images = try pixels.withTensor { pixels throws(TorchError) in
            try normalization(pixels.to(device))
        }
        return try withoutGrad { () throws(TorchError) in
            try withAutocast(precision.autocast, on: device) { () throws(TorchError) in
                try network.logits(images, mode: .evaluation).to(.float32)
            }
        }
    }
}
