/// One step of an augmentation with its magnitude already decided.
///
/// Each equals what timm's `auto_augment`, or torchvision's colour jitter, makes Pillow do, on every
/// byte. Geometric operations interpolate bilinearly, keep the size, and fill what comes from
/// outside with the canvas's colour.
package enum PixelOperation: Equatable, Sendable, Codable {
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
}

/// A colour of 8 bits a channel.
package struct Colour: Equatable, Sendable {
    /// The three channels.
    package let red, green, blue: UInt8

    /// Makes a colour of its channels.
    package init(red: UInt8, green: UInt8, blue: UInt8) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// The colour of a mean: 255 times each channel, rounded half to even.
    ///
    /// It is what RandAugment's geometric operations show where there is no picture. Source: timm
    /// 1.0.31, `timm/data/transforms_factory.py`: `min(255, round(255 * x)) for x in mean`.
    ///
    /// - Parameter mean: Red, green, blue, in 0…1.
    package init(mean: [Double]) {
        precondition(mean.count == 3, "a colour has three channels")
        func byte(_ value: Double) -> UInt8 {
            UInt8(max(0, min((255 * value).rounded(.toNearestOrEven), 255)))
        }
        self.init(red: byte(mean[0]), green: byte(mean[1]), blue: byte(mean[2]))
    }

    /// ImageNet's mean colour, (124, 116, 104).
    package static let imageNetMean = Colour(mean: [0.485, 0.456, 0.406])
}

extension Image {
    /// Performs one operation on the image.
    ///
    /// Factors and distances must be finite; `posterize` takes 0 to 8 bits.
    ///
    /// - Parameter fill: The colour of what a geometric operation takes from outside.
    package mutating func apply(_ operation: PixelOperation, fill: Colour) {
        withCanvas(fill: fill) { $0.apply(operation) }
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
