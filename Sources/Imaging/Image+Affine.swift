import Glibc

/// A map from output to source coordinates: x' = a·x + b·y + c, y' = d·x + e·y + f.
struct Affine {
    var a: Double
    var b: Double
    var c: Double
    var d: Double
    var e: Double
    var f: Double

    init(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ e: Double, _ f: Double) {
        (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
    }

    /// The inverse of a turn by `degrees`, counterclockwise, about the centre of an image.
    ///
    /// Source: Pillow 13, `Image.rotate`, down to the order of its sums.
    init(turning degrees: Double, width: Int, height: Int) {
        let angle = -(degrees * (.pi / 180))
        let (x, y) = (Double(width) / 2, Double(height) / 2)
        self.init(
            roundedTo15Places(cos(angle)), roundedTo15Places(sin(angle)), 0,
            roundedTo15Places(-sin(angle)), roundedTo15Places(cos(angle)), 0)
        c = a * -x + b * -y + c + x
        f = d * -x + e * -y + f + y
    }
}

/// Python's `round(value, 15)`: the nearest decimal of 15 places, as the nearest double.
private func roundedTo15Places(_ value: Double) -> Double {
    var digits = [CChar](repeating: 0, count: 32)
    _ = withVaList([value]) { vsnprintf(&digits, digits.count, "%.15f", $0) }
    return strtod(digits, nil)
}

extension Image {
    /// Turns counterclockwise about the centre, as Pillow's `Image.rotate` with its bilinear
    /// filter and no `expand`: whole turns and half turns move pixels unfiltered, and so do
    /// quarter turns of a square.
    func rotated(degrees: Double) -> Image {
        precondition(degrees.isFinite, "cannot rotate by \(degrees) degrees")
        // Python's %: the result has the sign of 360.
        var angle = degrees.truncatingRemainder(dividingBy: 360)
        if angle < 0 { angle += 360 }
        switch angle {
        case 0: return self
        case 180: return rearranged { [width, height] x, y in (width - 1 - x, height - 1 - y) }
        case 90 where width == height: return rearranged { [width] x, y in (width - 1 - y, x) }
        case 270 where width == height: return rearranged { [height] x, y in (y, height - 1 - x) }
        default:
            return transformed(by: Affine(turning: angle, width: width, height: height))
        }
    }

    /// The pixel at (x, y) of the result is the one of `self` at `source(x, y)`.
    private func rearranged(_ source: (Int, Int) -> (Int, Int)) -> Image {
        withPixels { pixels in
            Image(width: width, height: height) { target in
                for y in 0..<height {
                    for x in 0..<width {
                        let (column, row) = source(x, y)
                        (target + (y * width + x) * 3)
                            .update(from: pixels + (row * width + column) * 3, count: 3)
                    }
                }
            }
        }
    }

    /// Samples the image bilinearly through `map`, keeping its size.
    ///
    /// Source: Pillow 13, `src/libImaging/Geometry.c` (affine transform, bilinear filter): the
    /// map takes pixel centres; centres from outside the image become the fill colour; at the
    /// edge the outermost pixels repeat; the result is cut, not rounded, to 8 bits.
    func transformed(by map: Affine) -> Image {
        let values = (0..<256).map { Double($0) }
        return withPixels { source in
            Image(width: width, height: height) { target in
                values.withUnsafeBufferPointer { values in
                    guard let values = values.baseAddress else { return }
                    let sampler = BilinearSampler(
                        pixels: source, rowBytes: width * 3, lastColumn: width - 1,
                        lastRow: height - 1, values: values)
                    transform(by: map, sampler, into: target)
                }
            }
        }
    }

    private func transform(
        by map: Affine, _ sampler: BilinearSampler, into target: UnsafeMutablePointer<UInt8>
    ) {
        let (right, bottom) = (Double(width), Double(height))
        let fill = PixelOperation.fill
        var output = target
        for row in 0..<height {
            let y = Double(row) + 0.5
            for column in 0..<width {
                let x = Double(column) + 0.5
                // Summed in Pillow's order, for the same roundings.
                let sourceX = map.a * x + map.b * y + map.c
                let sourceY = map.d * x + map.e * y + map.f
                if sourceX >= 0 && sourceX < right && sourceY >= 0 && sourceY < bottom {
                    sampler.sample(x: sourceX - 0.5, y: sourceY - 0.5, into: output)
                } else {
                    (output[0], output[1], output[2]) = fill
                }
                output += 3
            }
        }
    }
}

/// Reads an image between its pixels.
private struct BilinearSampler {
    let pixels: UnsafePointer<UInt8>
    let rowBytes: Int
    let lastColumn: Int
    let lastRow: Int
    /// The doubles 0...255: to look one up is quicker than to convert a byte.
    let values: UnsafePointer<Double>

    /// Interpolates one pixel, in double precision as Pillow does. (x, y) counts from the centre
    /// of the first pixel and lies within half a pixel of the image.
    @inline(__always)
    func sample(x: Double, y: Double, into output: UnsafeMutablePointer<UInt8>) {
        let left = floor(x)
        let top = floor(y)
        let dx = x - left
        let dy = y - top
        let column = integer(left)
        let row = integer(top)
        let upper = pixels + max(row, 0) &* rowBytes
        let near = upper + max(column, 0) &* 3
        // At the edges Pillow repeats the outermost pixel.
        let step = column >= 0 && column < lastColumn ? 3 : 0
        guard dy != 0 && row >= 0 && row < lastRow else {
            // A row mixed with itself, or with one of no weight, is itself.
            for channel in 0..<3 {
                output[channel] = byte(mix(near + channel, step, dx))
            }
            return
        }
        for channel in 0..<3 {
            let above = mix(near + channel, step, dx)
            let below = mix(near + rowBytes + channel, step, dx)
            output[channel] = byte(above + (below - above) * dy)
        }
    }

    @inline(__always)
    private func mix(_ sample: UnsafePointer<UInt8>, _ step: Int, _ weight: Double) -> Double {
        let first = values[Int(sample[0])]
        return first + (values[Int(sample[step])] - first) * weight
    }
}

// Doubles from -1 to 2³¹ as integers, without the range checks of Swift's conversions: next to
// 2⁵² doubles are spaced by 1, so that adding it rounds, and the low bits are the integer.
@inline(__always)
private func floor(_ value: Double) -> Double {
    let rounded = (value + 0x1.8p52) - 0x1.8p52
    return rounded > value ? rounded - 1 : rounded
}

@inline(__always)
private func integer(_ whole: Double) -> Int {
    Int(Int32(truncatingIfNeeded: (whole + 0x1.8p52).bitPattern))
}

@inline(__always)
private func byte(_ value: Double) -> UInt8 {
    UInt8(truncatingIfNeeded: integer(floor(value)))
}
