/// A rectangle of whole pixels; `x` and `y` count from the top left.
package struct PixelRect: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The first column.
    package var x: Int
    /// The first row.
    package var y: Int
    /// The number of columns.
    package var width: Int
    /// The number of rows.
    package var height: Int

    /// Makes a rectangle from its corner and its extent, all in pixels.
    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// `WxH+X+Y`.
    package var description: String { "\(width)x\(height)+\(x)+\(y)" }

    /// Whether the rectangle holds a pixel and lies within an image of this size.
    func lies(withinWidth width: Int, height: Int) -> Bool {
        x >= 0 && y >= 0 && self.width > 0 && self.height > 0
            && self.width <= width && x <= width - self.width
            && self.height <= height && y <= height - self.height
    }
}
