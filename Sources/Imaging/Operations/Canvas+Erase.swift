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
