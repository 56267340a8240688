import Testing

@testable import Imaging

@Suite("Image") struct ImageTests {
    /// 3 x 2; each byte is its own index.
    let counted = Image(width: 3, height: 2, pixels: Array(0..<18))

    @Test("a crop keeps the chosen pixels") func crop() {
        let part = counted.cropped(to: PixelRect(x: 1, y: 1, width: 2, height: 1))
        #expect(part == Image(width: 2, height: 1, pixels: [12, 13, 14, 15, 16, 17]))
        #expect(counted.cropped(to: PixelRect(x: 0, y: 0, width: 3, height: 2)) == counted)
    }

    @Test("a flip mirrors the columns and keeps the channels") func flip() {
        let flipped = counted.flippedHorizontally()
        #expect(
            flipped.pixels == [6, 7, 8, 3, 4, 5, 0, 1, 2, 15, 16, 17, 12, 13, 14, 9, 10, 11])
        #expect(flipped.flippedHorizontally() == counted)
    }

    @Test(
        "a pasted image shows where it overlaps",
        arguments: [(0, 0), (1, 1), (-1, -1), (2, 0), (-2, 1), (3, 0), (0, -2), (50, 50)])
    func paste(x: Int, y: Int) {
        var sheet = Image(width: 3, height: 2, fill: (200, 201, 202))
        sheet.paste(counted, x: x, y: y)
        for row in 0..<2 {
            for column in 0..<3 {
                let from = (column - x, row - y)
                let inside = (0..<3).contains(from.0) && (0..<2).contains(from.1)
                let at = (row * 3 + column) * 3
                #expect(
                    sheet.pixels[at] == (inside ? UInt8((from.1 * 3 + from.0) * 3) : 200))
            }
        }
    }

    @Test("text draws its dots in its color and nowhere else") func text() {
        var sheet = Image(width: 8, height: 9, fill: (0, 0, 0))
        sheet.draw(text: "L", x: 1, y: 1, color: (9, 8, 7))
        for y in 0..<9 {
            for x in 0..<8 {
                let stem = x == 1 && (1...7).contains(y)
                let foot = y == 7 && (1...5).contains(x)
                let at = (y * 8 + x) * 3
                #expect(
                    Array(sheet.pixels[at..<at + 3]) == (stem || foot ? [9, 8, 7] : [0, 0, 0]))
            }
        }
    }

    @Test("every printable character has a shape of its own") func glyphs() {
        let shapes = (0x20..<0x7F).map { code in
            BitmapFont.rows(of: Character(UnicodeScalar(UInt8(code))))
        }
        #expect(Set(shapes).count == 95)
        #expect(shapes.allSatisfy { $0.count == 7 && $0.allSatisfy { $0 < 32 } })
        #expect(BitmapFont.rows(of: "é") == BitmapFont.rows(of: "\n"))
    }

    @Test("text beyond the edges is cut") func textOutside() {
        var sheet = Image(width: 5, height: 4, fill: (0, 0, 0))
        sheet.draw(text: "####", x: -7, y: -3, scale: 2, color: (255, 0, 0))
        #expect(sheet.pixels.contains(255))
        let before = sheet
        sheet.draw(text: "#", x: 5, y: 0, color: (1, 1, 1))
        sheet.draw(text: "#", x: 0, y: -7, color: (1, 1, 1))
        #expect(sheet == before)
        #expect(Image.width(ofText: "slot", scale: 2) == 48)
    }
}

@Suite("ImageEncoder") struct ImageEncoderTests {
    @Test(
        "a PNG reads back unchanged",
        arguments: ["photo.png", "one-pixel.png", "thin.png", "long.png", "view.jpg"])
    func png(file: String) throws {
        let image = try Fixtures.image(file)
        #expect(try decode(ImageEncoder.png(image)) == image)
    }

    @Test("a JPEG of quality 95 reads back within 2 levels on average") func jpeg() throws {
        let image = try Fixtures.image("view.jpg")
        let bytes = try ImageEncoder.jpeg(image, quality: 95)
        let read = try decode(bytes)
        #expect((read.width, read.height) == (image.width, image.height))
        let error = zip(read.pixels, image.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        #expect(Double(error) / Double(image.pixels.count) < 2)
        #expect(try ImageEncoder.jpeg(image, quality: 30).count < bytes.count / 2)
    }

    @Test("noise outgrows the first buffer without loss") func growth() throws {
        var dice = Dice(state: 5)
        let pixels = (0..<301 * 203 * 3).map { _ in UInt8.random(in: 0...255, using: &dice) }
        let image = Image(width: 301, height: 203, pixels: pixels)
        #expect(try decode(ImageEncoder.png(image)) == image)
        let bytes = try ImageEncoder.jpeg(image, quality: 100)
        #expect(bytes.count > 1 << 16)
        #expect(try decode(bytes).width == 301)
    }

    @Test("an image too wide for JPEG is an error") func tooWide() {
        let image = Image(width: 65_501, height: 1, fill: (1, 2, 3))
        #expect(
            throws: ImageError("JPEG: Maximum supported image dimension is 65500 pixels")
        ) { try ImageEncoder.jpeg(image, quality: 90) }
    }
}
