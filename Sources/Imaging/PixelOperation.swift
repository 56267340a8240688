/// One step of an augmentation with its magnitude already decided.
///
/// Each equals what timm's `auto_augment`, or torchvision's colour jitter, makes Pillow do, on every
/// byte. Geometric operations interpolate bilinearly, keep the size, and fill what comes from
/// outside with ``PixelOperation/fill``.
public enum PixelOperation: Equatable, Sendable, Codable {
    /// Stretches each channel so that its least and greatest values become 0 and 255.
    case autoContrast
    /// Equalises the histogram of each channel.
    case equalize
    /// Takes each value from 255.
    case invert
    /// Turns about the centre, counterclockwise in degrees.
    case rotate(degrees: Double)
    /// Keeps the high bits of each value, 0 to 8 of them.
    case posterize(bits: Int)
    /// Inverts values of at least the threshold.
    case solarize(threshold: Int)
    /// Adds to values below 128, up to 255.
    case solarizeAdd(amount: Int)
    /// Moves away from grey (factor above 1) or towards it (below 1).
    case color(Double)
    /// Moves away from the mean lightness (factor above 1) or towards it (below 1).
    case contrast(Double)
    /// Multiplies by the factor.
    case brightness(Double)
    /// Moves away from a 3x3 smoothing (factor above 1) or towards it (below 1).
    case sharpness(Double)
    /// Takes the pixel at (x + factor · y, y).
    case shearX(Double)
    /// Takes the pixel at (x, y + factor · x).
    case shearY(Double)
    /// Takes the pixel at (x + pixels, y); pixels may be fractional.
    case translateX(pixels: Double)
    /// Takes the pixel at (x, y + pixels); pixels may be fractional.
    case translateY(pixels: Double)
    /// Turns every hue by a share of the circle, -0.5 to 0.5, as torchvision's `adjust_hue`.
    case hue(Double)
    /// Replaces every colour by its grey.
    case greyscale
    /// Blurs with a Gaussian kernel of this standard deviation, in pixels.
    case gaussianBlur(radius: Double)
    /// Paints over a rectangle, which must lie within the image.
    case erase(PixelRect, ErasePaint)

    /// What geometric operations show where there is no picture: ImageNet's mean colour, red,
    /// green, blue. Source: timm, `img_mean` of the RandAugment parameters.
    public static let fill: (UInt8, UInt8, UInt8) = (124, 116, 104)
}

extension Image {
    /// The image after one operation.
    public func applying(_ operation: PixelOperation) -> Image {
        var image = self
        image.apply(operation)
        return image
    }

    /// Performs one operation on the image.
    ///
    /// Factors and distances must be finite; `posterize` takes 0 to 8 bits.
    public mutating func apply(_ operation: PixelOperation) {
        withCanvas { $0.apply(operation) }
    }
}

extension Canvas {
    /// Performs one operation in place.
    func apply(_ operation: PixelOperation) {
        switch operation {
        case .autoContrast: autoContrast()
        case .equalize: equalize()
        case .invert: map { 255 - $0 }
        case .posterize(let bits): posterize(bits: bits)
        case .solarize(let threshold): map { $0 < threshold ? $0 : 255 - $0 }
        case .solarizeAdd(let amount): map { $0 < 128 ? min(max($0 + amount, 0), 255) : $0 }
        case .color(let factor): enhanceColor(factor)
        case .contrast(let factor): enhanceContrast(factor)
        case .brightness(let factor): enhanceBrightness(factor)
        case .sharpness(let factor): enhanceSharpness(factor)
        case .rotate(let degrees): rotate(degrees: degrees)
        case .shearX(let factor): shearX(factor)
        case .shearY(let factor): shearY(factor)
        case .translateX(let pixels): translate(pixels, 0)
        case .translateY(let pixels): translate(0, pixels)
        case .hue(let share): turnHue(by: share)
        case .greyscale: greyscale()
        case .gaussianBlur(let radius): gaussianBlur(radius: radius)
        case .erase(let box, let paint): erase(box, with: paint)
        }
    }
}
