import Base
import CJPEG
import CPNG

/// Turns the bytes of a JPEG or PNG file into RGB.
///
/// Pixels are those of Pillow's `Image.open(file).convert("RGB")`: an EXIF orientation is ignored
/// (the picture stays as stored), alpha is dropped, CMYK is taken for Adobe's inverted kind, grey
/// becomes three equal channels, 16-bit color keeps its high byte and 16-bit grey is clipped at
/// 255. JPEG uses libjpeg-turbo's exact integer DCT and triangle-filter chroma upsampling.
///
/// A file that is cut short is an error, and so is one whose entropy-coded data is damaged (Pillow
/// returns such pictures with grey or smeared parts).
package enum ImageDecoder {
    /// The most pixels that an image may have: Pillow's limit against decompression bombs, twice
    /// its `MAX_IMAGE_PIXELS` of 1024³ / 4 / 3.
    package static let pixelLimit = 178_956_970

    /// Reads the size of an image from its header, in pixels.
    ///
    /// - Throws: `ImageError` if the bytes are no JPEG or PNG, or their header is damaged.
    package static func size(
        of bytes: UnsafeRawBufferPointer
    ) throws(ImageError) -> (width: Int, height: Int) {
        let (format, start) = try recognize(bytes)
        var width: Int32 = 0
        var height: Int32 = 0
        let failure = ImageError(of: format.name) { text in
            switch format {
            case .jpeg: cjpeg_read_size(start, bytes.count, &width, &height, text)
            case .png: cpng_read_size(start, bytes.count, &width, &height, text)
            }
        }
        if let failure { throw failure }
        return (Int(width), Int(height))
    }

    /// Checks an image by its header alone, of which the first bytes suffice.
    ///
    /// - Returns: its format.
    /// - Throws: `ImageError` as `size(of:)`, and for more than ``pixelLimit`` pixels.
    package static func check(_ bytes: UnsafeRawBufferPointer) throws(ImageError) -> ImageFormat {
        let (width, height) = try size(of: bytes)
        try check(
            PixelRect(x: 0, y: 0, width: 1, height: 1), of: bytes, width: width, height: height)
        return try recognize(bytes).0
    }

    /// Decodes an image, or a region of it.
    ///
    /// A region comes out equal to the crop of the whole image, byte for byte; for JPEG only the
    /// blocks around it are transformed. Damage in JPEG data below the region goes unnoticed,
    /// a file cut short there does not.
    ///
    /// - Parameter region: Pixels to decode; nil for all of them.
    /// - Throws: `ImageError` if the bytes are no JPEG or PNG, are damaged or cut short, hold
    ///   more than ``pixelLimit`` pixels, or if the region reaches outside the image; and for want
    ///   of memory.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, region: PixelRect? = nil
    ) throws(ImageError) -> Image {
        let (width, height) = try size(of: bytes)
        let region = region ?? PixelRect(x: 0, y: 0, width: width, height: height)
        try check(region, of: bytes, width: width, height: height)
        let count = region.width * region.height * 3
        guard SystemMemory.canAllocate(count) else { throw .noMemory(count) }
        var failure: ImageError?
        let pixels = [UInt8](
            unsafeUninitializedCapacity: count
        ) { buffer, initialized in
            guard let target = buffer.baseAddress else { return }
            do throws(ImageError) {
                try decode(bytes, region: region, into: target)
                initialized = buffer.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return Image(width: region.width, height: region.height, pixels: pixels)
    }

    /// Decodes a region that has been checked to lie within the image.
    ///
    /// - Parameter target: Room for three bytes for each pixel of the region.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, region: PixelRect, into target: UnsafeMutablePointer<UInt8>
    ) throws(ImageError) {
        let (format, start) = try recognize(bytes)
        let (x, y) = (Int32(region.x), Int32(region.y))
        let (columns, rows) = (Int32(region.width), Int32(region.height))
        let failure = ImageError(of: format.name) { text in
            switch format {
            case .jpeg:
                let area = cjpeg_region(x: x, y: y, width: columns, height: rows)
                return cjpeg_decode(start, bytes.count, area, target, text)
            case .png:
                let area = cpng_region(x: x, y: y, width: columns, height: rows)
                return cpng_decode(start, bytes.count, area, target, text)
            }
        }
        if let failure { throw failure }
    }

    /// Refuses images with too many pixels, and regions that reach outside of theirs.
    static func check(
        _ region: PixelRect, of bytes: UnsafeRawBufferPointer, width: Int, height: Int
    ) throws(ImageError) {
        guard width * height <= pixelLimit else {
            throw ImageError(
                "\(try recognize(bytes).0.name): \(width)x\(height) is more than \(pixelLimit)"
                    + " pixels; the file may be a decompression bomb")
        }
        guard region.lies(withinWidth: width, height: height) else {
            throw ImageError(
                "\(try recognize(bytes).0.name): region \(region) lies outside the"
                    + " \(width)x\(height) image")
        }
    }

    private static func recognize(
        _ bytes: UnsafeRawBufferPointer
    ) throws(ImageError) -> (ImageFormat, UnsafePointer<UInt8>) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
            throw ImageError("the file is empty")
        }
        guard let format = ImageFormat(sniffing: bytes) else {
            if let foreign = ForeignFormat(sniffing: bytes) {
                throw ImageError(foreign.description, cause: .foreign)
            }
            let shown = bytes.prefix(4).map { byte in
                let digits = String(byte, radix: 16, uppercase: true)
                return digits.count == 1 ? "0\(digits)" : digits
            }
            throw ImageError(
                "neither JPEG nor PNG: the file starts with \(shown.joined(separator: " "))")
        }
        return (format, start.assumingMemoryBound(to: UInt8.self))
    }
}
