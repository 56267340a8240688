import CPixels

// Operations that replace each value by way of a table.
// Source: Pillow 13, ImageOps.py; solarizeAdd: timm, auto_augment.py.

extension Canvas {
    /// Replaces every value; `value` maps 0...255 to 0...255.
    func map(_ value: (Int) -> Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { table in
            for input in 0..<256 { table[input] = UInt8(value(input)) }
            cpixels_map(pixels, byteCount, table.baseAddress)
        }
    }

    func posterize(bits: Int) {
        precondition((0...8).contains(bits), "cannot posterize to \(bits) bits")
        let mask = ~((1 << (8 - bits)) - 1)
        map { $0 & mask }
    }

    func autoContrast() {
        mapChannels { counts, table in
            guard let low = counts.firstIndex(where: { $0 > 0 }),
                let high = counts.lastIndex(where: { $0 > 0 }), high > low
            else { return false }
            let scale = 255 / Double(high - low)
            let offset = Double(-low) * scale
            for value in 0..<256 {
                let stretched = Double(value) * scale + offset
                table[value] = UInt8(min(max(Int(stretched), 0), 255))
            }
            return true
        }
    }

    func equalize() {
        mapChannels { [area = width * height] counts, table in
            guard let first = counts.firstIndex(where: { $0 > 0 }),
                let last = counts.lastIndex(where: { $0 > 0 }), last > first
            else { return false }
            let step = (area - Int(counts[last])) / 255
            guard step > 0 else { return false }
            var sum = step / 2
            for value in 0..<256 {
                table[value] = UInt8(min(sum / step, 255))
                sum += Int(counts[value])
            }
            return true
        }
    }

    /// Replaces the values of each channel through a table made from how often each value occurs
    /// in it; `fill` returns false for a channel that stays as it is.
    private func mapChannels(
        _ fill: (UnsafeMutableBufferPointer<UInt32>, UnsafeMutableBufferPointer<UInt8>) -> Bool
    ) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 768) { tables in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { counts in
                for channel in 0..<3 {
                    let table = UnsafeMutableBufferPointer(
                        rebasing: tables[channel * 256..<(channel + 1) * 256])
                    cpixels_histogram(pixels + channel, width * height, counts.baseAddress)
                    if !fill(counts, table) {
                        for value in 0..<256 { table[value] = UInt8(value) }
                    }
                }
            }
            cpixels_map_channels(pixels, width * height, tables.baseAddress)
        }
    }
}

// Operations that move each value away from, or towards, a degenerate version of the image:
// d + factor · (x - d) in single precision, clipped to 0...255 and cut to an integer.
// Source: Pillow 13, ImageEnhance.py and src/libImaging/Blend.c.

extension Canvas {
    func enhanceBrightness(_ factor: Double) {
        blend(from: 0, factor)
    }

    func enhanceContrast(_ factor: Double) {
        let sum = cpixels_lightness_sum(pixels, width * height)
        blend(from: Int(Double(sum) / Double(width * height) + 0.5), factor)
    }

    func enhanceColor(_ factor: Double) {
        cpixels_blend_color(pixels, width * height, single(factor), Kernels.avx2)
    }

    /// The degenerate image is a 3x3 smoothing; the outermost pixels, and images under 3x3, are
    /// left as they are.
    func enhanceSharpness(_ factor: Double) {
        guard width >= 3 && height >= 3 else { return }
        scratch.update(from: pixels, count: byteCount)
        cpixels_blend_sharpness(
            scratch, Int32(width), Int32(height), single(factor), pixels,
            Kernels.avx2)
    }

    /// Blends with one value everywhere.
    private func blend(from degenerate: Int, _ factor: Double) {
        let factor = single(factor)
        map { value in
            let blended = Float(degenerate) + factor * Float(value - degenerate)
            return Int(min(max(blended, 0), 255))
        }
    }

    private func single(_ factor: Double) -> Float {
        precondition(factor.isFinite, "an enhancement factor must be finite, not \(factor)")
        return Float(factor)
    }
}
