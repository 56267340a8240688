/// An 8-bit RGB picture in memory.
package struct Image: Sendable, Equatable {
    /// The number of columns, at least 1.
    package let width: Int
    /// The number of rows, at least 1.
    package let height: Int
    /// `[height, width, 3]`, red first, row after row without gaps.
    package var pixels: [UInt8] {
        didSet { precondition(pixels.count == width * height * 3, "pixels do not fill the image") }
    }

    /// Takes over pixels in rows of RGB; `pixels.count` must be `width * height * 3`.
    package init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        precondition(pixels.count == width * height * 3, "pixels do not fill the image")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// Makes an image of one colour (red, green, blue).
    package init(width: Int, height: Int, fill: (UInt8, UInt8, UInt8)) {
        self.init(width: width, height: height) { pixels in
            for index in stride(from: 0, to: width * height * 3, by: 3) {
                pixels[index] = fill.0
                pixels[index + 1] = fill.1
                pixels[index + 2] = fill.2
            }
        }
    }

    /// Makes an image whose every byte `write` sets.
    init(width: Int, height: Int, write: (UnsafeMutablePointer<UInt8>) throws -> Void) rethrows {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        self.width = width
        self.height = height
        let count = width * height * 3
        pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let base = buffer.baseAddress { try write(base) }
            initialized = count
        }
    }

    /// The image's bytes: `width * 3` to a row.
    func withPixels<R>(_ body: (UnsafePointer<UInt8>) throws -> R) rethrows -> R {
        try pixels.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("no pixels") }
            return try body(base)
        }
    }

    /// The image's bytes, to be changed in place.
    mutating func withMutablePixels<R>(_ body: (UnsafeMutablePointer<UInt8>) -> R) -> R {
        pixels.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("no pixels") }
            return body(base)
        }
    }
}

extension Image {
    /// Cuts out a rectangle, which must lie within the image.
    package func cropped(to rect: PixelRect) -> Image {
        precondition(
            rect.lies(withinWidth: width, height: height),
            "crop \(rect) lies outside the \(width)x\(height) image")
        if rect.width == width && rect.height == height { return self }
        return withPixels { source in
            Image(width: rect.width, height: rect.height) { target in
                let start = source + (rect.y * width + rect.x) * 3
                for row in 0..<rect.height {
                    (target + row * rect.width * 3)
                        .update(from: start + row * width * 3, count: rect.width * 3)
                }
            }
        }
    }

    /// Mirrors left and right.
    package func flippedHorizontally() -> Image {
        withPixels { source in
            Image(width: width, height: height) { target in
                for row in 0..<height {
                    var from = source + (row + 1) * width * 3 - 3
                    var to = target + row * width * 3
                    for _ in 0..<width {
                        to[0] = from[0]
                        to[1] = from[1]
                        to[2] = from[2]
                        to += 3
                        from -= 3
                    }
                }
            }
        }
    }

    /// Copies `image` over this one with its top left corner at (`x`, `y`); what falls outside
    /// is left out.
    package mutating func paste(_ image: Image, x: Int, y: Int) {
        let columns = max(0, -x)..<max(max(0, -x), min(image.width, width - x))
        let rows = max(0, -y)..<max(max(0, -y), min(image.height, height - y))
        guard !columns.isEmpty else { return }
        let width = width
        withMutablePixels { target in
            image.withPixels { source in
                for row in rows {
                    (target + ((y + row) * width + x + columns.lowerBound) * 3)
                        .update(
                            from: source + (row * image.width + columns.lowerBound) * 3,
                            count: columns.count * 3)
                }
            }
        }
    }
}
