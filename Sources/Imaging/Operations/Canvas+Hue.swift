// Turning hues, by way of Pillow's 8-bit HSV.
// Source: Pillow 13, src/libImaging/Convert.c (rgb2hsv, hsv2rgb); torchvision 0.26, adjust_hue.

extension Canvas {
    /// Turns every hue by a share of the circle, -½ to ½.
    ///
    /// Hue, saturation and value are rounded to 8 bits on the way, so that a turn of 0 is not quite
    /// the identity. The turn itself is cut to 1/255 towards 0 and wraps at 256, not at 255:
    /// torchvision's arithmetic.
    func turnHue(by share: Double) {
        precondition(abs(share) <= 0.5, "a hue turns by -0.5 to 0.5, not \(share)")
        let turn = UInt8(truncatingIfNeeded: Int(share * 255))
        var pixel = pixels
        for _ in 0..<width &* height {
            var color = HSV(pixel[0], pixel[1], pixel[2])
            color.hue &+= turn
            (pixel[0], pixel[1], pixel[2]) = color.rgb
            pixel += 3
        }
    }

    /// Replaces every color by its grey, ITU-R 601's luma: Pillow's `convert("L")`, which is also
    /// what the color enhancer blends with.
    func greyscale() { enhanceColor(0) }
}

/// A color as Pillow's mode HSV holds it, 8 bits each.
///
/// Where Pillow computes in single precision and where in double decides on the last bit; the types
/// below follow it.
private struct HSV {
    /// The place on the circle of colors; red is at 0, green at 85, blue at 170.
    var hue: UInt8
    var saturation: UInt8
    var value: UInt8

    @inline(__always)
    init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        let high = max(red, green, blue)
        let low = min(red, green, blue)
        value = high
        guard high > low else {
            hue = 0
            saturation = 0
            return
        }
        let range = Float(high &- low)
        let r = Float(high &- red) / range
        let g = Float(high &- green) / range
        let b = Float(high &- blue) / range
        // Sixths of the circle, from red; between -1 and 5.
        let sixths: Float
        if red == high {
            sixths = b - g
        } else if green == high {
            sixths = Float(2 + Double(r) - Double(b))
        } else {
            sixths = Float(4 + Double(g) - Double(r))
        }
        let turned = Double(sixths) / 6 + 1
        let share = Float(turned >= 1 ? turned - 1 : turned)
        hue = UInt8(Int32(Double(share) * 255))
        saturation = UInt8(Int32(Double(range / Float(high)) * 255))
    }

    @inline(__always)
    var rgb: (UInt8, UInt8, UInt8) {
        guard saturation > 0 else { return (value, value, value) }
        let place = Double(hue) * 6 / 255
        let sector = Int32(place)
        let rest = Float(place - Double(sector))
        let share = Float(Double(saturation) / 255)
        let full = Double(value)
        let low = Self.rounded(full * (1 - Double(share)))
        let falling = Self.rounded(full * (1 - Double(share * rest)))
        let rising = Self.rounded(full * (1 - Double(share) * (1 - Double(rest))))
        switch sector {
        case 1: return (falling, value, low)
        case 2: return (low, value, rising)
        case 3: return (low, falling, value)
        case 4: return (rising, low, value)
        case 5: return (value, low, falling)
        // A hue of 255 has come round to 0.
        default: return (value, rising, low)
        }
    }

    /// To the nearest whole number, halves upwards; `value` is in 0...255.
    @inline(__always)
    private static func rounded(_ value: Double) -> UInt8 {
        UInt8(truncatingIfNeeded: Int32(value.rounded(.toNearestOrAwayFromZero)))
    }
}
