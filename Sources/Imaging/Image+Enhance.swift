// Operations that move each value away from, or towards, a degenerate version of the image:
// d + factor · (x - d) in single precision, clipped to 0...255 and cut to an integer.
// Source: Pillow 13, ImageEnhance.py and src/libImaging/Blend.c.

extension Image {
    mutating func enhanceBrightness(_ factor: Double) {
        let factor = blendFactor(factor)
        map { Int(blend(from: 0, to: Int32($0), factor)) }
    }

    mutating func enhanceContrast(_ factor: Double) {
        let factor = blendFactor(factor)
        var sum = 0
        withPixels { pixels in
            for pixel in 0..<width &* height {
                sum &+= Int(lightness(pixels + pixel &* 3))
            }
        }
        let mean = Int32(Double(sum) / Double(width * height) + 0.5)
        map { Int(blend(from: mean, to: Int32($0), factor)) }
    }

    mutating func enhanceColor(_ factor: Double) {
        let factor = blendFactor(factor)
        let row = width * 3
        let height = height
        withMutablePixels { pixels in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: row) { greys in
                guard let greys = greys.baseAddress else { return }
                for y in 0..<height {
                    let line = pixels + y &* row
                    for x in stride(from: 0, to: row, by: 3) {
                        let grey = UInt8(truncatingIfNeeded: lightness(line + x))
                        greys[x] = grey
                        greys[x &+ 1] = grey
                        greys[x &+ 2] = grey
                    }
                    // Apart from the loop above, so that the compiler makes vectors of it.
                    for x in 0..<row {
                        line[x] = blend(
                            from: Int32(truncatingIfNeeded: greys[x]),
                            to: Int32(truncatingIfNeeded: line[x]), factor)
                    }
                }
            }
        }
    }

    /// The degenerate image is Pillow's SMOOTH filter, [1 1 1; 1 5 1; 1 1 1] / 13, rounded; the
    /// outermost pixels, and images under 3x3, are left as they are.
    mutating func enhanceSharpness(_ factor: Double) {
        let factor = blendFactor(factor)
        guard width >= 3 && height >= 3 else { return }
        let row = width * 3
        let source = self
        let height = height
        source.withPixels { source in
            withMutablePixels { target in
                for y in 1..<height &- 1 {
                    let middle = source + y &* row
                    let output = target + y &* row
                    for x in 3..<row &- 3 {
                        let at = middle + x
                        let value = Int32(truncatingIfNeeded: at[0])
                        let sum =
                            sumOfThree(at - row) &+ sumOfThree(at) &+ sumOfThree(at + row)
                            &+ value &* 4
                        output[x] = blend(from: thirteenth(of: sum), to: value, factor)
                    }
                }
            }
        }
    }
}

/// A sum of weights 13 as a mean, rounded.
///
/// Pillow divides in single precision and adds a half; no integer over 13 falls near enough to a
/// half for that to differ from (2 · sum + 13) / 26 cut to an integer. The product replaces that
/// division and agrees with it for all sums up to 13 · 255.
@inline(__always)
private func thirteenth(of sum: Int32) -> Int32 {
    ((sum &* 2 &+ 13) &* 10083) >> 18
}

private func blendFactor(_ factor: Double) -> Float {
    precondition(factor.isFinite, "an enhancement factor must be finite, not \(factor)")
    return Float(factor)
}

@inline(__always)
private func blend(from degenerate: Int32, to value: Int32, _ factor: Float) -> UInt8 {
    let blended = Float(degenerate) + factor * Float(value &- degenerate)
    let low = blended > 0 ? blended : 0
    let clipped = low < 255 ? low : 255
    // Cut to an integer without Swift's range check, which no vector loop can hold: next to 2²³
    // floats are spaced by 1, so that adding it rounds, and the low byte is the integer.
    let shifted = clipped + 0x1p23
    let excess: UInt32 = shifted - 0x1p23 > clipped ? 1 : 0
    return UInt8(truncatingIfNeeded: shifted.bitPattern &- excess)
}

/// ITU-R 601 luma in 16 fractional bits, rounded. Source: Pillow 13, `Convert.c`.
@inline(__always)
private func lightness(_ pixel: UnsafePointer<UInt8>) -> Int32 {
    let red = Int32(truncatingIfNeeded: pixel[0])
    let green = Int32(truncatingIfNeeded: pixel[1])
    let blue = Int32(truncatingIfNeeded: pixel[2])
    return (red &* 19595 &+ green &* 38470 &+ blue &* 7471 &+ 0x8000) >> 16
}

/// A sample and its neighbours of the same channel to the left and right.
@inline(__always)
private func sumOfThree(_ sample: UnsafePointer<UInt8>) -> Int32 {
    Int32(truncatingIfNeeded: sample[-3]) &+ Int32(truncatingIfNeeded: sample[0])
        &+ Int32(truncatingIfNeeded: sample[3])
}
