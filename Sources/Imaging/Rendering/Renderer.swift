/// Decodes images and renders parts of them at a size, with memory that it keeps from one image to
/// the next: in a steady stream nothing is allocated per image but what libjpeg and libpng take.
///
/// A renderer belongs to one thread at a time.
package final class Renderer {
    private let region = PixelBuffer()
    private let scratch = PixelBuffer()
    private let resampler = Resampler()
    private var regionWidth = 0
    private var regionHeight = 0

    /// Makes a renderer, whose memory grows as images need it.
    package init() {}

    /// Decodes a part of an image, which `resize` then renders.
    ///
    /// - Parameter crop: Chooses the part, given the image's width and height in pixels.
    /// - Throws: `ImageError` as `ImageDecoder.decode`.
    package func decode(
        _ bytes: UnsafeRawBufferPointer, crop: (_ width: Int, _ height: Int) -> PixelRect
    ) throws(ImageError) {
        let (width, height) = try ImageDecoder.size(of: bytes)
        let rect = crop(width, height)
        try ImageDecoder.check(rect, of: bytes, width: width, height: height)
        try ImageDecoder.decode(
            bytes, region: rect, into: region.reserve(rect.width * rect.height * 3))
        (regionWidth, regionHeight) = (rect.width, rect.height)
    }

    /// Resizes the decoded part to a square, as `Image.resized` does.
    ///
    /// - Parameters:
    ///   - mirrored: Whether left and right change places afterwards.
    ///   - target: Room for `size * size * 3` bytes, rows of RGB.
    /// - Throws: `ImageError` for want of memory.
    package func resize(
        size: Int, interpolation: Interpolation, mirrored: Bool,
        into target: UnsafeMutablePointer<UInt8>
    ) throws(ImageError) {
        precondition(regionWidth > 0, "decode comes before resize")
        resampler.prepare(
            from: (regionWidth, regionHeight), to: (size, size), interpolation: interpolation)
        try resampler.resample(
            region.reserve(regionWidth * regionHeight * 3), mirrored: mirrored, into: target)
    }

    /// Performs operations, one after the other, on a square of `size` pixels in place.
    ///
    /// - Parameter fill: The color of what geometric operations take from outside.
    /// - Throws: `ImageError` for want of memory.
    package func apply(
        _ operations: [PixelOperation], size: Int, fill: Color,
        to pixels: UnsafeMutablePointer<UInt8>
    ) throws(ImageError) {
        guard !operations.isEmpty else { return }
        let canvas = Canvas(
            width: size, height: size, pixels: pixels,
            scratch: try scratch.reserve(size * size * 3), fill: fill)
        for operation in operations { operation.apply(to: canvas) }
    }

    /// Resizes a whole image and cuts a window out of the result; only what the window is made
    /// from is decoded and resized.
    ///
    /// - Parameters:
    ///   - geometry: Given the image's width and height, the size that it is resized to and the
    ///     window to keep.
    ///   - target: Room for three bytes for each pixel of the window.
    /// - Throws: `ImageError` as `ImageDecoder.decode`.
    package func render(
        _ bytes: UnsafeRawBufferPointer, interpolation: Interpolation,
        geometry: (_ width: Int, _ height: Int) -> (width: Int, height: Int, window: PixelRect),
        into target: UnsafeMutablePointer<UInt8>
    ) throws(ImageError) {
        try decode(bytes) { width, height in
            let (resizedWidth, resizedHeight, window) = geometry(width, height)
            resampler.prepare(
                from: (width, height), to: (resizedWidth, resizedHeight), window: window,
                interpolation: interpolation)
            return resampler.source
        }
        try resampler.resample(
            region.reserve(regionWidth * regionHeight * 3), mirrored: false, into: target)
    }
}
