import Torch

/// Turns uint8 pixels into normalised floats, `(x / 255 - mean) / std` in float32.
package struct Normalisation {
    /// Version of the code that brings a batch from one network's normalisation to another's. It
    /// rises with any change that can alter an image by more than rounding.
    package static let version = 1

    private let channels: (mean: [Double], std: [Double])
    private let mean: Tensor
    private let std: Tensor

    /// - Parameters:
    ///   - mean: of each channel, in 0…1.
    ///   - std: of each channel, in 0…1.
    package init(mean: [Double], std: [Double], device: Device) throws(TorchError) {
        channels = (mean, std)
        self.mean = try Tensor(mean.map(Float.init), shape: [1, 3, 1, 1]).to(device)
        self.std = try Tensor(std.map(Float.init), shape: [1, 3, 1, 1]).to(device)
    }

    /// Normalises pixels.
    ///
    /// - Parameter pixels: `[N, H, W, 3]`, uint8.
    /// - Returns: `[N, 3, H, W]`, channels last in memory.
    package func callAsFunction(_ pixels: Tensor) throws(TorchError) -> Tensor {
        try pixels.normalisedViews(mean: channels.mean, deviation: channels.std)
    }

    /// Undoes the normalisation: `x · std + mean`, in 0…1.
    package func inverse(_ images: Tensor) throws(TorchError) -> Tensor {
        try images * std + mean
    }

    /// Normalises images that are in 0…1.
    package func normalise(_ images: Tensor) throws(TorchError) -> Tensor {
        try (images - mean) / std
    }
}
