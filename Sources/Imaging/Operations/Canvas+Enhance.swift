import CPixels

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
