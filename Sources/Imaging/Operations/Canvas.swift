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

extension Canvas {
    /// Paints over a rectangle, which must lie within the canvas.
    func erase(_ box: PixelRect, with paint: ErasePaint) {
        precondition(
            box.lies(withinWidth: width, height: height),
            "box \(box) lies outside the \(width)x\(height) image")
        let start = pixels + (box.y &* rowBytes &+ box.x &* 3)
        switch paint {
        case .colour(let red, let green, let blue):
            for row in 0..<box.height {
                var pixel = start + row &* rowBytes
                for _ in 0..<box.width {
                    (pixel[0], pixel[1], pixel[2]) = (red, green, blue)
                    pixel += 3
                }
            }
        case .pixels(let bytes):
            precondition(bytes.count == box.width * box.height * 3, "pixels do not fill the box")
            bytes.withUnsafeBufferPointer { bytes in
                guard let source = bytes.baseAddress else { return }
                for row in 0..<box.height {
                    (start + row &* rowBytes)
                        .update(from: source + row &* box.width &* 3, count: box.width &* 3)
                }
            }
        }
    }
}

/// What an erased rectangle shows.
package enum ErasePaint: Equatable, Sendable, Codable {
    /// One colour.
    case colour(red: UInt8, green: UInt8, blue: UInt8)
    /// A colour for each pixel: `[height, width, 3]` of the rectangle, red first.
    case pixels([UInt8])
}
