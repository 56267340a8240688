import CPixels

/// Pixels that operations change in place, in memory that somebody else owns.
///
/// Rows of RGB without gaps, beside scratch memory of the same size: whoever renders many images
/// keeps both and allocates nothing per image.
struct Canvas {
    /// The number of columns, at least 1.
    let width: Int
    /// The number of rows, at least 1.
    let height: Int
    /// `[height, width, 3]`, red first.
    let pixels: UnsafeMutablePointer<UInt8>
    /// Room for as many bytes as `pixels`; what it holds between operations means nothing.
    let scratch: UnsafeMutablePointer<UInt8>
    /// What geometric operations show where there is no picture.
    let fill: Colour

    /// The bytes to a row.
    var rowBytes: Int { width &* 3 }
    /// The bytes in all.
    var byteCount: Int { width &* height &* 3 }
}

/// What the processor can do for the loops of CPixels.
enum Kernels {
    /// 1 where it has AVX2.
    static let avx2 = cpixels_has_avx2()
}

extension Image {
    /// Lends the image's pixels, with scratch memory, to operations that work in place.
    mutating func withCanvas<R>(fill: Colour, _ body: (Canvas) -> R) -> R {
        let (width, height) = (width, height)
        return withMutablePixels { pixels in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: width * height * 3) { scratch in
                guard let scratch = scratch.baseAddress else { preconditionFailure("no pixels") }
                return body(
                    Canvas(
                        width: width, height: height, pixels: pixels, scratch: scratch, fill: fill))
            }
        }
    }
}
