import Base

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

    /// Makes an image of one color (red, green, blue).
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

/// A color of 8 bits a channel.
package struct Color: Equatable, Sendable {
    /// The three channels.
    package let red, green, blue: UInt8

    /// Makes a color of its channels.
    package init(red: UInt8, green: UInt8, blue: UInt8) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// The color of a mean: 255 times each channel, rounded half to even.
    ///
    /// It is what RandAugment's geometric operations show where there is no picture. Source: timm
    /// 1.0.31, `timm/data/transforms_factory.py`: `min(255, round(255 * x)) for x in mean`.
    ///
    /// - Parameter mean: Red, green, blue, in 0…1.
    package init(mean: [Double]) {
        precondition(mean.count == 3, "a color has three channels")
        func byte(_ value: Double) -> UInt8 {
            UInt8(max(0, min((255 * value).rounded(.toNearestOrEven), 255)))
        }
        self.init(red: byte(mean[0]), green: byte(mean[1]), blue: byte(mean[2]))
    }

    /// ImageNet's mean color, (124, 116, 104).
    package static let imageNetMean = Color(mean: [0.485, 0.456, 0.406])
}

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

extension Image {
    /// Resizes with antialiasing, to the same bytes as Pillow's `Image.resize`.
    ///
    /// - Throws: `ImageError` for want of memory.
    package func resized(
        width: Int, height: Int, interpolation: Interpolation
    ) throws(ImageError) -> Image {
        guard SystemMemory.canAllocate(width * height * 3) else {
            throw .noMemory(width * height * 3)
        }
        let resampler = Resampler()
        resampler.prepare(
            from: (self.width, self.height), to: (width, height), interpolation: interpolation)
        var failure: ImageError?
        let image = withPixels { source in
            Image(width: width, height: height) { target in
                do throws(ImageError) {
                    try resampler.resample(source, mirrored: false, into: target)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        return image
    }
}

extension Image {
    /// Performs one operation on the image.
    ///
    /// Factors and distances must be finite; `posterize` takes 0 to 8 bits.
    ///
    /// - Parameter fill: The color of what a geometric operation takes from outside.
    package mutating func apply(_ operation: PixelOperation, fill: Color) {
        withCanvas(fill: fill) { operation.apply(to: $0) }
    }

    /// Lends the image's pixels, with scratch memory, to operations that work in place.
    private mutating func withCanvas<R>(fill: Color, _ body: (Canvas) -> R) -> R {
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
