// Gaussian blur as three box blurs along each axis.
// Source: Pillow 13, src/libImaging/BoxBlur.c; the boxes are those of Gwosdek et al., "Theoretical
// foundations of Gaussian convolution by extended box filtering", SSVM 2011.

extension Canvas {
    /// Blurs with a Gaussian kernel, approximately.
    ///
    /// - Parameter radius: The kernel's standard deviation, pixels; 0 changes nothing.
    func gaussianBlur(radius: Double) {
        precondition(radius.isFinite && radius >= 0, "cannot blur with radius \(radius)")
        guard let box = BlurBox(standardDeviation: Float(radius)) else { return }
        // Six passes from one memory to the other and back end where they began.
        blurRows(pixels, into: scratch, box)
        blurRows(scratch, into: pixels, box)
        blurRows(pixels, into: scratch, box)
        blurColumns(scratch, into: pixels, box)
        blurColumns(pixels, into: scratch, box)
        blurColumns(scratch, into: pixels, box)
    }

    private func blurRows(
        _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, _ box: BlurBox
    ) {
        for y in 0..<height {
            let (from, to) = (source + y &* rowBytes, target + y &* rowBytes)
            // Narrow boxes, such as three-augment's of at most 2 pixels to each side, are summed
            // afresh for sixteen samples at a time; wide ones by a sum that moves along.
            if box.radius <= 4 {
                box.blurRow(from, into: to, width)
            } else {
                for channel in 0..<3 {
                    box.blur(from + channel, into: to + channel, width, step: 3)
                }
            }
        }
    }

    private func blurColumns(
        _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, _ box: BlurBox
    ) {
        var x = 0
        while x &+ 16 <= rowBytes {
            box.blurSixteen(source + x, into: target + x, height, step: rowBytes)
            x &+= 16
        }
        while x < rowBytes {
            box.blur(source + x, into: target + x, height, step: rowBytes)
            x &+= 1
        }
    }
}

/// A box whose two outermost samples count in part; beyond the ends the last sample repeats.
private struct BlurBox {
    /// Whole samples to each side of the middle one.
    let radius: Int
    /// The weight of a whole sample, in units of 2⁻²⁴.
    let weight: UInt32
    /// The weight of the two samples next to the whole ones.
    let edgeWeight: UInt32

    /// The box that, applied three times, has the given standard deviation; nil where it is so
    /// narrow that it changes nothing.
    init?(standardDeviation: Float) {
        let variance = standardDeviation * standardDeviation / 3
        let length = Float((12 * Double(variance) + 1).squareRoot())
        let whole = Float(((Double(length) - 1) / 2).rounded(.down))
        let next = whole + 1
        var part = (2 * whole + 1) * (whole * next - 3 * variance)
        part /= 6 * (variance - next * next)
        let radius = whole + part
        guard radius > 0 else { return nil }
        self.radius = Int(radius)
        weight = UInt32(Float(1 << 24) / (radius * 2 + 1))
        edgeWeight = (1 << 24 - UInt32(self.radius * 2 + 1) * weight) / 2
    }

    /// Blurs a row of `width` pixels, red, green, blue, without a running sum.
    func blurRow(
        _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, _ width: Int
    ) {
        let (count, reach) = (width &* 3, (radius &+ 1) &* 3)
        func samples(_ start: Int) -> SIMD16<UInt32> {
            SIMD16<UInt32>(
                truncatingIfNeeded: UnsafeRawPointer(source + start)
                    .loadUnaligned(as: SIMD16<UInt8>.self))
        }
        func blurOne(_ index: Int) {
            let (pixel, channel) = index.quotientAndRemainder(dividingBy: 3)
            func sample(_ offset: Int) -> UInt32 {
                UInt32(source[min(max(pixel &+ offset, 0), width &- 1) &* 3 &+ channel])
            }
            var sum: UInt32 = 0
            for offset in -radius...radius { sum &+= sample(offset) }
            let edges = sample(-radius &- 1) &+ sample(radius &+ 1)
            let blurred = sum &* weight &+ edges &* edgeWeight
            target[index] = UInt8(truncatingIfNeeded: (blurred &+ 1 << 23) >> 24)
        }
        var index = 0
        while index < min(reach, count) {
            blurOne(index)
            index &+= 1
        }
        while index &+ 16 &+ reach <= count {
            var sum = samples(index)
            for offset in stride(from: 3, to: reach, by: 3) {
                sum &+= samples(index &- offset) &+ samples(index &+ offset)
            }
            let edges = samples(index &- reach) &+ samples(index &+ reach)
            let blurred = sum &* weight &+ edges &* edgeWeight &+ (1 << 23)
            UnsafeMutableRawPointer(target + index).storeBytes(
                of: SIMD16<UInt8>(truncatingIfNeeded: blurred &>> 24), as: SIMD16<UInt8>.self)
            index &+= 16
        }
        while index < count {
            blurOne(index)
            index &+= 1
        }
    }

    /// Blurs `count` samples that lie `step` bytes apart.
    func blur(
        _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, _ count: Int,
        step: Int
    ) {
        func sample(_ index: Int) -> UInt32 {
            UInt32(source[min(max(index, 0), count &- 1) &* step])
        }
        var sum: UInt32 = 0
        for index in -radius...radius { sum &+= sample(index) }
        for index in 0..<count {
            let before = sample(index &- radius &- 1)
            let after = sample(index &+ radius &+ 1)
            let blurred = sum &* weight &+ (before &+ after) &* edgeWeight
            target[index &* step] = UInt8(truncatingIfNeeded: (blurred &+ 1 << 23) >> 24)
            sum = sum &+ after &- sample(index &- radius)
        }
    }

    /// Blurs sixteen columns at a time; each has `count` samples, `step` bytes apart.
    func blurSixteen(
        _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, _ count: Int,
        step: Int
    ) {
        func samples(_ index: Int) -> SIMD16<UInt32> {
            let bytes = UnsafeRawPointer(source + min(max(index, 0), count &- 1) &* step)
                .loadUnaligned(as: SIMD16<UInt8>.self)
            return SIMD16<UInt32>(truncatingIfNeeded: bytes)
        }
        var sum = SIMD16<UInt32>.zero
        for index in -radius...radius { sum &+= samples(index) }
        for index in 0..<count {
            let before = samples(index &- radius &- 1)
            let after = samples(index &+ radius &+ 1)
            let blurred = sum &* weight &+ (before &+ after) &* edgeWeight &+ (1 << 23)
            UnsafeMutableRawPointer(target + index &* step).storeBytes(
                of: SIMD16<UInt8>(truncatingIfNeeded: blurred &>> 24), as: SIMD16<UInt8>.self)
            sum = sum &+ after &- samples(index &- radius)
        }
    }
}
