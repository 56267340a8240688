import Foundation
import Testing

@testable import Imaging

@Suite("ImageDecoder") struct ImageDecoderTests {
    @Test("every file decodes to Pillow's bytes") func equalsPillow() throws {
        let fixtures = try Fixtures.load()
        #expect(fixtures.pillow == "13.0.0")
        #expect(fixtures.decoded.count > 50)
        for expected in fixtures.decoded {
            let found = difference(try Fixtures.image(expected.file), expected.result)
            #expect(found == nil, "\(expected.file)")
        }
    }

    @Test("the header alone gives the size") func size() throws {
        for expected in try Fixtures.load().decoded {
            let bytes = try Fixtures.bytes(expected.file)
            let size = try bytes.withUnsafeBytes { try ImageDecoder.size(of: $0) }
            #expect(size == (expected.result.width, expected.result.height), "\(expected.file)")
        }
    }

    @Test("a region equals the crop of the whole image") func regions() throws {
        var dice = Dice(state: 1)
        for expected in try Fixtures.load().decoded {
            let bytes = try Fixtures.bytes(expected.file)
            let whole = try decode(bytes)
            for _ in 0..<60 {
                let width = Int.random(in: 1...whole.width, using: &dice)
                let height = Int.random(in: 1...whole.height, using: &dice)
                let region = PixelRect(
                    x: Int.random(in: 0...whole.width - width, using: &dice),
                    y: Int.random(in: 0...whole.height - height, using: &dice),
                    width: width, height: height)
                let equal = try decode(bytes, region: region) == whole.cropped(to: region)
                #expect(equal, "\(expected.file) \(region)")
            }
        }
    }

    @Test("an EXIF orientation is ignored, as by Pillow's loader") func orientation() throws {
        let image = try Fixtures.image("orientation.jpg")
        #expect((image.width, image.height) == (61, 47))
    }

    @Test("the format is told by content") func sniffing() throws {
        let jpeg = try Fixtures.bytes("grey.jpg")
        let png = try Fixtures.bytes("grey8.png")
        #expect(jpeg.withUnsafeBytes { ImageFormat(sniffing: $0) } == .jpeg)
        #expect(png.withUnsafeBytes { ImageFormat(sniffing: $0) } == .png)
        #expect([UInt8]("GIF89a".utf8).withUnsafeBytes { ImageFormat(sniffing: $0) } == nil)
    }

    @Test(
        "a region must lie within the image",
        arguments: [
            PixelRect(x: 0, y: 0, width: 62, height: 1),
            PixelRect(x: -1, y: 0, width: 1, height: 1),
            PixelRect(x: 0, y: 47, width: 1, height: 1),
            PixelRect(x: 0, y: 0, width: 0, height: 1),
            PixelRect(x: Int.max, y: 0, width: 1, height: 1),
            PixelRect(x: 1, y: 1, width: Int.max, height: Int.max),
        ])
    func regionOutside(region: PixelRect) throws {
        for (file, format) in [("grey.jpg", "JPEG"), ("photo.png", "PNG")] {
            let bytes = try Fixtures.bytes(file)
            #expect(
                throws: ImageError("\(format): region \(region) lies outside the 61x47 image")
            ) { try decode(bytes, region: region) }
        }
    }
}
