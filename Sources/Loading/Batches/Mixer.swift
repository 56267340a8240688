import Imaging
import Recipes
import Torch
import Views

/// Normalizes a group's pixels and mixes each member with its partner, on a device.
///
/// The partner of member i is member G - 1 - i. Source: timm `Mixup`, mode batch, on normalized
/// floats (recipe-spec section 8).
package struct Mixer {
    /// Version of the code from pixels and a draw to a mixed batch. It rises with any change that
    /// can alter an image by more than rounding.
    package static let version = 1

    /// What a network is given: images and the labels' distribution.
    package struct Batch {
        /// `[G, 3, H, W]`, float32, normalized and mixed, channels last in memory.
        package let images: Tensor
        /// `[G, classes]`, float32; each row sums to the share of its mix that has a label, which is
        /// 1 where all have one.
        package let targets: Tensor
        /// How many members have a label: what all rows together sum to.
        package let labeled: Int
    }

    private let mean: [Double]
    private let deviation: [Double]
    private let classes: Int
    private let smoothing: Double
    private let device: Device

    /// Makes a mixer for a recipe's views.
    package init(recipe: Recipe, device: Device) {
        mean = recipe.view.mean
        deviation = recipe.view.std
        classes = recipe.data.classes
        smoothing = recipe.view.labelSmoothing
        self.device = device
    }

    /// Mixes a group.
    ///
    /// - Parameters:
    ///   - pixels: the images of one group.
    ///   - labels: the label of each member; nil of one without, whose share of a target is nothing.
    ///   - draw: the group's mixing.
    /// - Throws: `TorchError` if the device fails.
    package func batch(
        _ pixels: PixelBatch, labels: [Int?], draw: MixDraw
    ) throws(TorchError) -> Batch {
        let mix = draw.resolved(size: pixels.size)
        let images = try pixels.withTensor { pixels throws(TorchError) in
            let raw = try pixels.to(device)
            switch mix {
            case .none:
                return try raw.normalizedViews(mean: mean, deviation: deviation)
            case .mixup(let lambda):
                return try raw.normalizedViews(mean: mean, deviation: deviation, lambda: lambda)
            case .cutmix(let box, _):
                return try raw.normalizedViews(
                    mean: mean, deviation: deviation, box: (box.x, box.y, box.width, box.height))
            }
        }
        return Batch(
            images: images, targets: try targets(labels, lambda: mix.lambda),
            labeled: labels.count { $0 != nil })
    }

    /// λ times the smoothed one-hot row of each member and 1 - λ times its partner's.
    private func targets(_ labels: [Int?], lambda: Double) throws(TorchError) -> Tensor {
        let off = smoothing / Double(classes)
        var own =
            try Tensor(labels.map { Int64($0 ?? 0) }, shape: [labels.count])
            .oneHot(classes: classes).to(.float32).to(device) * (1 - smoothing) + off
        if labels.contains(nil) {
            let isLabeled = labels.map { Float($0 == nil ? 0 : 1) }
            own = try own * Tensor(isLabeled, shape: [labels.count, 1]).to(device)
        }
        return lambda == 1 ? own : try own * lambda + own.flipped([0]) * (1 - lambda)
    }
}

/// Turns uint8 pixels into normalized floats, `(x / 255 - mean) / std` in float32.
package struct Normalization {
    /// Version of the code that brings a batch from one network's normalization to another's. It
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

    /// Normalizes pixels.
    ///
    /// - Parameter pixels: `[N, H, W, 3]`, uint8.
    /// - Returns: `[N, 3, H, W]`, channels last in memory.
    package func callAsFunction(_ pixels: Tensor) throws(TorchError) -> Tensor {
        try pixels.normalizedViews(mean: channels.mean, deviation: channels.std)
    }

    /// Undoes the normalization: `x · std + mean`, in 0…1.
    package func inverse(_ images: Tensor) throws(TorchError) -> Tensor {
        try images * std + mean
    }

    /// Normalizes images that are in 0…1.
    package func normalize(_ images: Tensor) throws(TorchError) -> Tensor {
        try (images - mean) / std
    }
}
