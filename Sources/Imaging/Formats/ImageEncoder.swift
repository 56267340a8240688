import CJPEG
import CPNG

/// Turns images into the bytes of PNG and JPEG files.
package enum ImageEncoder {
    /// Encodes losslessly, as an 8-bit RGB PNG.
    ///
    /// - Parameter software: the program that makes the picture, for the file's text chunk
    ///   `Software`; none by default.
    /// - Throws: `ImageError` if libpng fails, which takes a lack of memory or an image wider or
    ///   higher than a million pixels.
    package static func png(
        _ image: Image, software: String? = nil
    ) throws(ImageError) -> [UInt8] {
        try encode("PNG", image, release: cpng_free) { pixels, bytes, count, text in
            cpng_encode(
                pixels, Int32(image.width), Int32(image.height), software, bytes, count, text)
        }
    }

    /// Encodes as a baseline JPEG with chroma halved in both directions (4:2:0).
    ///
    /// - Parameter quality: libjpeg's scale, 1 to 100.
    /// - Throws: `ImageError` if libjpeg fails, which takes a lack of memory or an image wider or
    ///   higher than 65,500 pixels.
    package static func jpeg(_ image: Image, quality: Int) throws(ImageError) -> [UInt8] {
        precondition((1...100).contains(quality), "JPEG quality \(quality) is not in 1...100")
        return try encode("JPEG", image, release: cjpeg_free) { pixels, bytes, count, text in
            cjpeg_encode(
                pixels, Int32(image.width), Int32(image.height), Int32(quality), bytes, count, text)
        }
    }

    private typealias Encode = (
        UnsafePointer<UInt8>, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>,
        UnsafeMutablePointer<Int>, UnsafeMutablePointer<CChar>
    ) -> Int32

    private static func encode(
        _ format: String, _ image: Image, release: (UnsafeMutablePointer<UInt8>?) -> Void,
        _ call: Encode
    ) throws(ImageError) -> [UInt8] {
        guard image.width <= Int32.max && image.height <= Int32.max else {
            throw ImageError("\(format): \(image.width)x\(image.height) is too large to encode")
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        let failure = image.withPixels { pixels in
            ImageError(of: format) { text in call(pixels, &bytes, &count, text) }
        }
        defer { release(bytes) }
        if let failure { throw failure }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }
}
