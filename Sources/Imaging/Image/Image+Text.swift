extension Image {
    /// Writes one line in a fixed-width face of 5x7 dots, for labels on contact sheets.
    ///
    /// Each character takes `6 * scale` columns and `7 * scale` rows. What falls outside the image
    /// is left out; characters outside of ASCII show as a box.
    ///
    /// - Parameters:
    ///   - x: The first column of the first character; may be negative.
    ///   - y: The first row; may be negative.
    ///   - scale: Pixels to a dot, at least 1.
    ///   - color: Red, green, blue.
    package mutating func draw(
        text: String, x: Int, y: Int, scale: Int = 1, color: (UInt8, UInt8, UInt8)
    ) {
        precondition(scale > 0, "a dot has at least one pixel")
        for (index, character) in text.enumerated() {
            let left = x + index * (BitmapFont.width + 1) * scale
            for (row, dots) in BitmapFont.rows(of: character).enumerated() {
                for column in 0..<BitmapFont.width
                where dots & (0x10 >> UInt8(column)) != 0 {
                    fill(
                        left + column * scale, y + row * scale, side: scale, color: color)
                }
            }
        }
    }

    /// The columns that ``draw(text:x:y:scale:color:)`` takes for a line.
    package static func width(ofText text: String, scale: Int = 1) -> Int {
        text.count * (BitmapFont.width + 1) * scale
    }

    private mutating func fill(_ x: Int, _ y: Int, side: Int, color: (UInt8, UInt8, UInt8)) {
        let columns = max(0, x)..<max(max(0, x), min(width, x + side))
        let rows = max(0, y)..<max(max(0, y), min(height, y + side))
        let width = width
        withMutablePixels { pixels in
            for row in rows {
                for column in columns {
                    let pixel = pixels + (row * width + column) * 3
                    (pixel[0], pixel[1], pixel[2]) = color
                }
            }
        }
    }
}
