/// One step of an augmentation with its magnitude already decided.
///
/// Each equals what timm's `auto_augment`, or torchvision's color jitter, makes Pillow do, on every
/// byte. Geometric operations interpolate bilinearly, keep the size, and fill what comes from
/// outside with the canvas's color.
package enum PixelOperation: Equatable, Sendable, Codable {
    /// Stretches each channel so that its least and greatest values become 0 and 255.
    case autoContrast
    /// Equalises the histogram of each channel.
    case equalize
    /// Takes each value from 255.
    case invert
    /// Turns about the center, counterclockwise in degrees.
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
    /// Replaces every color by its grey.
    case greyscale
    /// Blurs with a Gaussian kernel of this standard deviation, in pixels.
    case gaussianBlur(radius: Double)
    /// Paints over a rectangle, which must lie within the image.
    case erase(PixelRect, ErasePaint)
}

extension PixelOperation {
    /// Performs it in place.
    func apply(to canvas: Canvas) {
        switch self {
        case .autoContrast: canvas.autoContrast()
        case .equalize: canvas.equalize()
        case .invert: canvas.map { 255 - $0 }
        case .posterize(let bits): canvas.posterize(bits: bits)
        case .solarize(let threshold): canvas.map { $0 < threshold ? $0 : 255 - $0 }
        case .solarizeAdd(let amount): canvas.map { $0 < 128 ? min(max($0 + amount, 0), 255) : $0 }
        case .color(let factor): canvas.enhanceColor(factor)
        case .contrast(let factor): canvas.enhanceContrast(factor)
        case .brightness(let factor): canvas.enhanceBrightness(factor)
        case .sharpness(let factor): canvas.enhanceSharpness(factor)
        case .rotate(let degrees): canvas.rotate(degrees: degrees)
        case .shearX(let factor): canvas.shearX(factor)
        case .shearY(let factor): canvas.shearY(factor)
        case .translateX(let pixels): canvas.translate(pixels, 0)
        case .translateY(let pixels): canvas.translate(0, pixels)
        case .hue(let share): canvas.turnHue(by: share)
        case .greyscale: canvas.greyscale()
        case .gaussianBlur(let radius): canvas.gaussianBlur(radius: radius)
        case .erase(let box, let paint): canvas.erase(box, with: paint)
        }
    }
}
