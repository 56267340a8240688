import Base
import Imaging

/// A view's parameters at a size, for dumps: enough to replay its pixels without this package.
package struct ViewRecord: Sendable, Equatable, Codable {
    /// The view epoch.
    package var epoch: Int
    /// The place in the epoch.
    package var slot: Int
    /// The image, as the data set numbers them.
    package var imageIndex: Int
    /// The crop in the image's own pixels.
    package var crop: PixelRect
    /// The filter that resizes the crop.
    package var interpolation: Interpolation
    /// Whether the resized crop is mirrored.
    package var flip: Bool
    /// The operations after the flip, in order.
    package var operations: [Operation]
    /// What is painted over after them, in order; later boxes cover earlier ones.
    package var erased: [Erased]

    private enum CodingKeys: String, CodingKey {
        case epoch, slot, crop, interpolation, flip, operations, erased
        case imageIndex = "image_index"
    }

    /// One operation of RandAugment, three-augment or color jitter.
    package struct Operation: Sendable, Equatable, Codable {
        /// timm's name: `PosterizeIncreasing`, `TranslateXRel`; and `Hue`, `Greyscale`,
        /// `GaussianBlur`.
        package var name: String
        /// RandAugment's magnitude, 0…10; absent for the other two.
        package var magnitude: Double?
        /// timm's argument, a factor, a radius in pixels or a share of the circle of hues; absent
        /// for operations without one.
        package var argument: Double?
    }

    /// One box of random erasing.
    package struct Erased: Sendable, Equatable, Codable {
        /// The box in the rendering's pixels.
        package var box: PixelRect
        /// The box's one color, red, green, blue; absent where every pixel has its own.
        package var color: [UInt8]?
        /// `[height, width, 3]` of the box, two hexadecimal digits a byte; absent where the box has
        /// one color.
        package var pixels: String?

        private enum CodingKeys: String, CodingKey {
            case box, pixels
            // As records have named it since there are any.
            case color = "colour"
        }

        init(_ erasure: Erasure) {
            box = erasure.box
            switch erasure.paint {
            case .color(let red, let green, let blue): color = [red, green, blue]
            case .pixels(let bytes): pixels = hexadecimal(bytes)
            }
        }
    }
}

extension View {
    /// The view's parameters on an image of `width` × `height` pixels.
    ///
    /// - Parameter size: The rendering's side, pixels; the student's if left out. Only erased boxes
    ///   depend on it.
    package func record(width: Int, height: Int, size: Int? = nil) -> ViewRecord {
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

/// A group's mixing at a size, for dumps.
package struct MixRecord: Sendable, Equatable, Codable {
    /// The view epoch.
    package var epoch: Int
    /// The group's index in the epoch.
    package var group: Int
    /// `none`, `mixup` or `cutmix`.
    package var mode: String
    /// The member's own share of the target; 1 without mixing.
    package var lambda: Double
    /// CutMix's box, pixels; absent otherwise.
    package var box: PixelRect?
}

extension ViewPlan {
    /// A group's mixing at a size.
    package func mixRecord(epoch: Int, group: Int, size: Int) -> MixRecord {
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
