import Imaging
import Recipes
import Torch
import Views

/// Normalises a group's pixels and mixes each member with its partner, on a device.
///
/// The partner of member i is member G - 1 - i. Source: timm `Mixup`, mode batch, on normalised
/// floats (recipe-spec section 8).
public struct Mixer {
    /// What a network is given: images and the labels' distribution.
    public struct Batch {
        /// `[G, 3, H, W]`, float32, normalised and mixed, channels last in memory.
        public let images: Tensor
        /// `[G, classes]`, float32; each row sums to 1.
        public let targets: Tensor
    }

    private let normalisation: Normalisation
    private let classes: Int
    private let smoothing: Double
    private let device: Device

    /// Makes a mixer for a recipe's views.
    public init(recipe: Recipe, device: Device) throws(TorchError) {
        normalisation = try Normalisation(
            mean: recipe.view.mean, std: recipe.view.std, device: device)
        classes = recipe.data.classes
        smoothing = recipe.view.labelSmoothing
        self.device = device
    }

    /// Mixes a group.
    ///
    /// - Parameters:
    ///   - pixels: `[G, size, size, 3]`, uint8, of one group.
    ///   - labels: the label of each member.
    ///   - draw: the group's mixing.
    /// - Throws: `TorchError` if the pixels' count does not fit.
    public func batch(
        pixels: [UInt8], labels: [Int], size: Int, draw: MixDraw
    ) throws(TorchError) -> Batch {
        let raw = try Tensor(pixels, shape: [labels.count, size, size, 3]).to(device)
        let images = try normalisation(raw)
        let mix = draw.resolved(size: size)
        return Batch(
            images: try mixed(images, mix), targets: try targets(labels, lambda: mix.lambda))
    }

    private func mixed(_ images: Tensor, _ mix: Mix) throws(TorchError) -> Tensor {
        switch mix {
        case .none:
            return images
        case .mixup(let lambda):
            return images * lambda + (try images.flipped([0])) * (1 - lambda)
        case .cutmix(let box, _):
            let result = try images.cloned()
            let partner = try images.flipped([0])
            func cut(_ x: Tensor) throws(TorchError) -> Tensor {
                try x.narrowed(dimension: 2, start: box.y, count: box.height)
                    .narrowed(dimension: 3, start: box.x, count: box.width)
            }
            try cut(result).copy(from: cut(partner))
            return result
        }
    }

    /// λ times the smoothed one-hot row of each member and 1 - λ times its partner's.
    private func targets(_ labels: [Int], lambda: Double) throws(TorchError) -> Tensor {
        let off = smoothing / Double(classes)
        let own =
            try Tensor(labels.map(Int64.init), shape: [labels.count])
            .oneHot(classes: classes).to(.float32).to(device) * (1 - smoothing) + off
        return lambda == 1 ? own : own * lambda + (try own.flipped([0])) * (1 - lambda)
    }
}

/// Turns uint8 pixels into normalised floats.
public struct Normalisation {
    private let mean: Tensor
    private let std: Tensor

    /// - Parameters:
    ///   - mean: of each channel, in 0…1.
    ///   - std: of each channel, in 0…1.
    public init(mean: [Double], std: [Double], device: Device) throws(TorchError) {
        self.mean = try Tensor(mean.map(Float.init), shape: [1, 3, 1, 1]).to(device)
        self.std = try Tensor(std.map(Float.init), shape: [1, 3, 1, 1]).to(device)
    }

    /// Normalises pixels: `x / 255`, minus the mean, over the deviation, in float32.
    ///
    /// - Parameter pixels: `[N, H, W, 3]`, uint8.
    /// - Returns: `[N, 3, H, W]`, channels last in memory.
    public func callAsFunction(_ pixels: Tensor) throws(TorchError) -> Tensor {
        let images = try pixels.permuted([0, 3, 1, 2]).to(.float32)
        return (images / 255 - mean) / std
    }

    /// Undoes the normalisation: `x · std + mean`, in 0…1.
    public func inverse(_ images: Tensor) -> Tensor {
        images * std + mean
    }

    /// Normalises images that are in 0…1.
    public func normalise(_ images: Tensor) -> Tensor {
        (images - mean) / std
    }
}
