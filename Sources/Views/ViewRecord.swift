import Imaging

/// A view's parameters at a size, for dumps: enough to replay its pixels without this package.
public struct ViewRecord: Sendable, Equatable, Codable {
    /// The view epoch.
    public var epoch: Int
    /// The place in the epoch.
    public var slot: Int
    /// The image, as the data set numbers them.
    public var imageIndex: Int
    /// The crop in the image's own pixels.
    public var crop: PixelRect
    /// The filter that resizes the crop.
    public var interpolation: Interpolation
    /// Whether the resized crop is mirrored.
    public var flip: Bool
    /// The operations, in order.
    public var operations: [Operation]

    private enum CodingKeys: String, CodingKey {
        case epoch, slot, crop, interpolation, flip, operations
        case imageIndex = "image_index"
    }

    /// One RandAugment operation.
    public struct Operation: Sendable, Equatable, Codable {
        /// timm's name: `PosterizeIncreasing`, `TranslateXRel`.
        public var name: String
        /// The magnitude, 0…10.
        public var magnitude: Double
        /// timm's argument; absent for operations without one.
        public var argument: Double?
    }
}

/// A group's mixing at a size, for dumps.
public struct MixRecord: Sendable, Equatable, Codable {
    /// The view epoch.
    public var epoch: Int
    /// The group's index in the epoch.
    public var group: Int
    /// `none`, `mixup` or `cutmix`.
    public var mode: String
    /// The member's own share of the target; 1 without mixing.
    public var lambda: Double
    /// CutMix's box, pixels; absent otherwise.
    public var box: PixelRect?
}

extension View {
    /// The view's parameters on an image of `width` × `height` pixels.
    public func record(width: Int, height: Int) -> ViewRecord {
        ViewRecord(
            epoch: epoch, slot: slot, imageIndex: imageIndex,
            crop: crop(width: width, height: height), interpolation: interpolation, flip: flip,
            operations: augmentations.map {
                .init(name: $0.name, magnitude: $0.magnitude, argument: $0.argument)
            })
    }
}

extension ViewPlan {
    /// A group's mixing at a size.
    public func mixRecord(epoch: Int, group: Int, size: Int) -> MixRecord {
        let mix = mix(epoch: epoch, group: group).resolved(size: size)
        return switch mix {
        case .none: MixRecord(epoch: epoch, group: group, mode: "none", lambda: 1, box: nil)
        case .mixup(let lambda):
            MixRecord(epoch: epoch, group: group, mode: "mixup", lambda: lambda, box: nil)
        case .cutmix(let box, let lambda):
            MixRecord(epoch: epoch, group: group, mode: "cutmix", lambda: lambda, box: box)
        }
    }
}
