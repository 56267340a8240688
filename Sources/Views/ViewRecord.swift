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
    /// The operations after the flip, in order.
    public var operations: [Operation]
    /// What is painted over after them, in order; later boxes cover earlier ones.
    public var erased: [Erased]

    private enum CodingKeys: String, CodingKey {
        case epoch, slot, crop, interpolation, flip, operations, erased
        case imageIndex = "image_index"
    }

    /// One operation of RandAugment, three-augment or color jitter.
    public struct Operation: Sendable, Equatable, Codable {
        /// timm's name: `PosterizeIncreasing`, `TranslateXRel`; and `Hue`, `Greyscale`,
        /// `GaussianBlur`.
        public var name: String
        /// RandAugment's magnitude, 0…10; absent for the other two.
        public var magnitude: Double?
        /// timm's argument, a factor, a radius in pixels or a share of the circle of hues; absent
        /// for operations without one.
        public var argument: Double?
    }

    /// One box of random erasing.
    public struct Erased: Sendable, Equatable, Codable {
        /// The box in the rendering's pixels.
        public var box: PixelRect
        /// The box's one colour, red, green, blue; absent where every pixel has its own.
        public var colour: [UInt8]?
        /// `[height, width, 3]` of the box, two hexadecimal digits a byte; absent where the box has
        /// one colour.
        public var pixels: String?

        init(_ erasure: Erasure) {
            box = erasure.box
            switch erasure.paint {
            case .colour(let red, let green, let blue): colour = [red, green, blue]
            case .pixels(let bytes): pixels = Self.hexadecimal(bytes)
            }
        }

        private static func hexadecimal(_ bytes: [UInt8]) -> String {
            let digits = Array("0123456789abcdef".utf8)
            let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
            return String(decoding: text, as: UTF8.self)
        }
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
    ///
    /// - Parameter size: The rendering's side, pixels; the student's if left out. Only erased boxes
    ///   depend on it.
    public func record(width: Int, height: Int, size: Int? = nil) -> ViewRecord {
        let size = size ?? studentSize
        return ViewRecord(
            epoch: epoch, slot: slot, imageIndex: imageIndex,
            crop: crop(width: width, height: height), interpolation: interpolation, flip: flip,
            operations: namedOperations(size: size).map {
                .init(name: $0.name, magnitude: $0.magnitude, argument: $0.argument)
            },
            erased: erasures(size: size).map { .init($0) })
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
