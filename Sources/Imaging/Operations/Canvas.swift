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
