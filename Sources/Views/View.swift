import Imaging

/// One augmented view of an image: everything drawn, nothing yet rendered.
///
/// A view is drawn in relative terms, so the same view can be rendered at the student's size and
/// at a teacher's own. Rendering order: crop, resize, flip, `operations(size:)` (RandAugment or
/// three-augment, color jitter, erasing), normalize; then its group's mixing.
package struct View: Sendable, Equatable {
    /// The view epoch.
    package let epoch: Int
    /// The place in the epoch: step · batch size + group · group size + member.
    package let slot: Int
    /// The image, as the data set numbers them.
    package let imageIndex: Int
    /// The filter that resizes the crop.
    package let interpolation: Interpolation
    /// Whether the resized crop is mirrored left to right.
    package let flip: Bool
    /// The RandAugment operations that apply, in order.
    package let augmentations: [AugmentDraw]
    /// The operation of three-augment; `nil` where the recipe has none.
    package let threeAugment: ThreeAugmentDraw?
    /// The color jitter; `nil` where the recipe has none or the view is spared.
    package let colorJitter: ColorJitterDraw?
    /// The erased boxes; `nil` where the recipe has none or the view is spared.
    package let erasing: ErasingDraw?

    /// The color of what RandAugment's geometric operations take from outside the picture.
    package let fill: Color

    /// The side of the student's input, pixels.
    let studentSize: Int
    private let cropRule: CropSettings
    private let cropDraws: DrawStream

    /// Draws the view of an image at a slot; the caller has found the image.
    init(settings: ViewSettings, seed: UInt64, epoch: Int, slot: Int, imageIndex: Int) {
        self.epoch = epoch
        self.slot = slot
        self.imageIndex = imageIndex
        func stream(_ purpose: DrawStream.Purpose) -> DrawStream {
            DrawStream(seed: seed, epoch: epoch, slot: slot, purpose: purpose)
        }
        switch settings.interpolation {
        case .bilinear: interpolation = .bilinear
        case .bicubic: interpolation = .bicubic
        case .random:
            var draws = stream(.interpolation)
            interpolation = draws.uniform() < 0.5 ? .bilinear : .bicubic
        }
        var flipDraws = stream(.flip)
        flip = flipDraws.uniform() < settings.flip
        var augmentDraws = stream(.randAugment)
        augmentations =
            settings.randaugment.map { AugmentDraw.draw($0, from: &augmentDraws) } ?? []
        var threeDraws = stream(.threeAugment)
        threeAugment =
            settings.threeAugment ? ThreeAugmentDraw.draw(from: &threeDraws) : nil
        var jitterDraws = stream(.colorJitter)
        colorJitter = settings.colorJitter.flatMap {
            ColorJitterDraw.draw($0, from: &jitterDraws)
        }
        erasing = ErasingDraw(
            settings, from: stream(.erasing), noise: stream(.erasingNoise))
        fill = Color(mean: settings.mean)
        studentSize = settings.size
        cropRule = settings.crop
        cropDraws = stream(.crop)
    }

    /// The part of the image that the view shows, in the image's own pixels.
    ///
    /// torchvision's random resized crop: up to 10 tries of an area and a shape, rounded half to
    /// even, then an offset; if none fits, the largest centered crop whose shape is allowed. Draws
    /// per try: area, shape; and once one fits: top, left.
    ///
    /// - Parameters:
    ///   - width: The image's width, pixels.
    ///   - height: The image's height, pixels.
    package func crop(width: Int, height: Int) -> PixelRect {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        var draws = cropDraws
        let (scale, ratio) = (cropRule.scale, cropRule.ratio)
        let shapes = (ExactMath.log(ratio.lowerBound), ExactMath.log(ratio.upperBound))
        for _ in 0..<10 {
            let area = Double(width * height) * draws.uniform(scale.lowerBound, scale.upperBound)
            let shape = ExactMath.exp(draws.uniform(shapes.0, shapes.1))
            let w = Self.rounded((area * shape).squareRoot())
            let h = Self.rounded((area / shape).squareRoot())
            guard 0 < w, w <= width, 0 < h, h <= height else { continue }
            let top = draws.int(below: height - h + 1)
            let left = draws.int(below: width - w + 1)
            return PixelRect(x: left, y: top, width: w, height: h)
        }
        let shape = Double(width) / Double(height)
        var (w, h) = (width, height)
        if shape < ratio.lowerBound {
            h = max(1, Self.rounded(Double(width) / ratio.lowerBound))
        } else if shape > ratio.upperBound {
            w = max(1, Self.rounded(Double(height) * ratio.upperBound))
        }
        return PixelRect(x: (width - w) / 2, y: (height - h) / 2, width: w, height: h)
    }

    /// What follows the flip in a square rendering, in order.
    ///
    /// - Parameter size: The rendering's side, pixels; a translation is a share of it, and so are
    ///   the boxes of random erasing.
    package func operations(size: Int) -> [PixelOperation] {
        namedOperations(size: size).map(\.operation)
            + erasures(size: size).map { .erase($0.box, $0.paint) }
    }

    /// The operations without the erasing, under the names that a record gives them.
    ///
    /// - Parameter size: The rendering's side, pixels.
    package func namedOperations(size: Int) -> [NamedOperation] {
        augmentations.map { $0.named(size: size) } + (threeAugment.map { [$0.named] } ?? [])
            + (colorJitter?.named ?? [])
    }

    /// What random erasing does to a square rendering.
    ///
    /// - Parameter size: The rendering's side, pixels.
    package func erasures(size: Int) -> [Erasure] {
        erasing?.resolved(size: size) ?? []
    }

    static func rounded(_ value: Double) -> Int {
        // A crop rule may ask for a side beyond any image; the comparison with the image refuses it.
        Int(min(value.rounded(.toNearestOrEven), 0x1p40))
    }
}

/// One operation of a rendering under the name that records and contact sheets give it.
package struct NamedOperation: Sendable, Equatable {
    /// timm's name of the operation, or `Hue`, `Greyscale`, `GaussianBlur`.
    package let name: String
    /// RandAugment's magnitude, 0…10; `nil` for operations of another origin.
    package let magnitude: Double?
    /// The argument, for RandAugment in timm's unit; `nil` for operations without one.
    package let argument: Double?
    /// What is done to the pixels.
    package let operation: PixelOperation
}
