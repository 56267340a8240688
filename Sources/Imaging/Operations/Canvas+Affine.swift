import CPixels
import Glibc

extension cpixels_affine_map {
    /// The inverse of a turn by `degrees`, counterclockwise, about the center of an image.
    ///
    /// Source: Pillow 13, `Image.rotate`, down to the order of its sums.
    init(turning degrees: Double, width: Int, height: Int) {
        let angle = -(degrees * (.pi / 180))
        let (x, y) = (Double(width) / 2, Double(height) / 2)
        self.init(
            a: roundedTo15Places(cos(angle)), b: roundedTo15Places(sin(angle)), c: 0,
            d: roundedTo15Places(-sin(angle)), e: roundedTo15Places(cos(angle)), f: 0)
        c = a * -x + b * -y + c + x
        f = d * -x + e * -y + f + y
    }
}

/// Python's `round(value, 15)`: the nearest decimal of 15 places, as the nearest double.
private func roundedTo15Places(_ value: Double) -> Double {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { digits in
        _ = withVaList([value]) { vsnprintf(digits.baseAddress, digits.count, "%.15f", $0) }
        return digits.baseAddress.map { strtod($0, nil) } ?? value
    }
}

extension Canvas {
    /// Turns counterclockwise about the center, as Pillow's `Image.rotate` with its bilinear
    /// filter and no `expand`: whole turns and half turns move pixels unfiltered, and so do
    /// quarter turns of a square.
    func rotate(degrees: Double) {
        precondition(degrees.isFinite, "cannot rotate by \(degrees) degrees")
        // Python's %: the result has the sign of 360.
        var angle = degrees.truncatingRemainder(dividingBy: 360)
        if angle < 0 { angle += 360 }
        switch angle {
        case 0: return
        case 180: rearrange { x, y in (width - 1 - x, height - 1 - y) }
        case 90 where width == height: rearrange { x, y in (width - 1 - y, x) }
        case 270 where width == height: rearrange { x, y in (y, height - 1 - x) }
        default:
            transform(by: cpixels_affine_map(turning: angle, width: width, height: height))
        }
    }

    /// Takes the pixel at (x + factor · y, y).
    func shearX(_ factor: Double) {
        transform(by: cpixels_affine_map(a: 1, b: factor, c: 0, d: 0, e: 1, f: 0))
    }

    /// Takes the pixel at (x, y + factor · x).
    func shearY(_ factor: Double) {
        transform(by: cpixels_affine_map(a: 1, b: 0, c: 0, d: factor, e: 1, f: 0))
    }

    /// Takes the pixel at (x + dx, y + dy).
    func translate(_ dx: Double, _ dy: Double) {
        transform(by: cpixels_affine_map(a: 1, b: 0, c: dx, d: 0, e: 1, f: dy))
    }

    /// The pixel at (x, y) becomes the one that was at `source(x, y)`.
    private func rearrange(_ source: (Int, Int) -> (Int, Int)) {
        scratch.update(from: pixels, count: byteCount)
        for y in 0..<height {
            for x in 0..<width {
                let (column, row) = source(x, y)
                (pixels + (y * width + x) * 3)
                    .update(from: scratch + (row * width + column) * 3, count: 3)
            }
        }
    }

    /// Samples the image bilinearly through `map`, keeping its size; what comes from outside is
    /// `fill`.
    private func transform(by map: cpixels_affine_map) {
        scratch.update(from: pixels, count: byteCount)
        withUnsafeBytes(of: (fill.red, fill.green, fill.blue)) { fill in
            cpixels_affine(
                scratch, Int32(width), Int32(height), map,
                fill.assumingMemoryBound(to: UInt8.self).baseAddress, pixels,
                Kernels.avx2)
        }
    }
}
