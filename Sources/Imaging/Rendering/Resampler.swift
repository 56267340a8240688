import CPixels
import Glibc

/// Resizes pictures with antialiasing, to the same bytes as Pillow's `Image.resize`, with memory
/// that it keeps from one picture to the next.
///
/// Source: Pillow 13, `src/libImaging/Resample.c`: weights normalized in double precision and
/// rounded to 22 fractional bits, one pass along each axis whose size changes, each rounded to
/// 8 bits. Since Pillow 13 the vertical pass comes first where the height loses more than twice as
/// many pixels as the width; earlier versions always begin with the horizontal one.
final class Resampler {
    /// The part of the source that the prepared result is made from.
    private(set) var source = PixelRect(x: 0, y: 0, width: 1, height: 1)

    private var columns = ResampleTaps()
    private var rows = ResampleTaps()
    private var isVerticalFirst = false
    /// What lies between the two passes.
    private let between = PixelBuffer()

    /// Prepares a resize.
    ///
    /// - Parameter window: The part of the result that is wanted; nil for all of it.
    func prepare(
        from size: (width: Int, height: Int), to target: (width: Int, height: Int),
        window: PixelRect? = nil, interpolation: Interpolation
    ) {
        precondition(
            target.width > 0 && target.height > 0,
            "cannot resize to \(target.width)x\(target.height)")
        let window =
            window ?? PixelRect(x: 0, y: 0, width: target.width, height: target.height)
        precondition(
            window.lies(withinWidth: target.width, height: target.height),
            "window \(window) lies outside the \(target.width)x\(target.height) image")
        isVerticalFirst =
            target.height < size.height
            && size.height - target.height > 2 * (size.width - target.width)
        columns.prepare(
            from: size.width, to: target.width, positions: window.x..<window.x + window.width,
            interpolation)
        rows.prepare(
            from: size.height, to: target.height, positions: window.y..<window.y + window.height,
            interpolation)
        source = PixelRect(
            x: columns.source.lowerBound, y: rows.source.lowerBound,
            width: columns.source.count, height: rows.source.count)
    }

    /// Resizes, as prepared, from the pixels of `source`.
    ///
    /// - Parameter mirrored: Whether left and right change places in the result.
    /// - Throws: `ImageError` for want of memory.
    func resample(
        _ pixels: UnsafePointer<UInt8>, mirrored: Bool, into target: UnsafeMutablePointer<UInt8>
    ) throws(ImageError) {
        let (width, height) = (source.width, source.height)
        let (isNarrowed, isLowered) = (!columns.isIdentity || mirrored, !rows.isIdentity)
        switch (isNarrowed, isLowered) {
        case (false, false):
            target.update(from: pixels, count: width * height * 3)
        case (true, false):
            resampleRows(pixels, width, height, mirrored, target)
        case (false, true):
            resampleColumns(pixels, width, target)
        case (true, true) where isVerticalFirst:
            let half = try between.reserve(width * rows.count * 3)
            resampleColumns(pixels, width, half)
            resampleRows(half, width, rows.count, mirrored, target)
        case (true, true):
            let half = try between.reserve(columns.count * height * 3)
            resampleRows(pixels, width, height, mirrored, half)
            resampleColumns(half, columns.count, target)
        }
    }

    private func resampleRows(
        _ pixels: UnsafePointer<UInt8>, _ width: Int, _ height: Int, _ mirrored: Bool,
        _ target: UnsafeMutablePointer<UInt8>
    ) {
        columns.withTaps { taps in
            cpixels_resample_rows(
                pixels, Int32(width), Int32(height), taps, mirrored ? 1 : 0, target, Kernels.avx2)
        }
    }

    private func resampleColumns(
        _ pixels: UnsafePointer<UInt8>, _ width: Int, _ target: UnsafeMutablePointer<UInt8>
    ) {
        rows.withTaps { taps in
            cpixels_resample_columns(pixels, width * 3, taps, target, Kernels.avx2)
        }
    }
}

/// Memory for pixels that grows to the largest request and is kept for the next one.
final class PixelBuffer {
    /// Beyond this, memory is given back by the next smaller request: one huge picture must not
    /// hold what thousands of ordinary ones never need.
    private static let kept = 64 << 20

    private var memory: UnsafeMutablePointer<UInt8>?
    private var capacity = 0

    /// Memory for `count` bytes, valid until the next request; what it holds means nothing.
    ///
    /// - Throws: `ImageError` where there is none.
    func reserve(_ count: Int) throws(ImageError) -> UnsafeMutablePointer<UInt8> {
        if let memory, count <= capacity, capacity <= Self.kept || count > Self.kept {
            return memory
        }
        free(memory)
        memory = nil
        capacity = max(count, 1)
        // On a cache line, for the vector loops.
        var start: UnsafeMutableRawPointer?
        guard count >= 0, posix_memalign(&start, 64, capacity) == 0, let start else {
            capacity = 0
            throw .noMemory(count)
        }
        let fresh = start.assumingMemoryBound(to: UInt8.self)
        memory = fresh
        return fresh
    }

    deinit { free(memory) }
}

/// What the processor can do for the loops of CPixels.
enum Kernels {
    /// 1 where it has AVX2.
    static let avx2 = cpixels_has_avx2()
}
