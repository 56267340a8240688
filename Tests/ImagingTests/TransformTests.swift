// Numbers: Tests/Fixtures/imaging/transforms.json, made by make_transforms.py beside it.
import Foundation
import Testing

@testable import Imaging

@Suite("Hue, greyscale, blur and erasing") struct TransformTests {
    struct Transforms: Decodable {
        let pillow: String
        let operated: [Fixtures.Operated]
    }

    /// The grid of colors whose values are multiples of 3, blue fastest.
    static let grid: Image = {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(86 * 86 * 86 * 3)
        for red in stride(from: UInt8(0), through: 255, by: 3) {
            for green in stride(from: UInt8(0), through: 255, by: 3) {
                for blue in stride(from: UInt8(0), through: 255, by: 3) {
                    pixels += [red, green, blue]
                }
            }
        }
        return Image(width: 86 * 86, height: 86, pixels: pixels)
    }()

    static func cases(_ name: String) throws -> [(Image, Fixtures.Operated)] {
        let json = try Data(
            contentsOf: Fixtures.folder.appendingPathComponent("transforms.json"))
        let all = try JSONDecoder().decode(Transforms.self, from: json)
        #expect(all.pillow == "13.0.0")
        return try all.operated.filter { "\($0.operation)".hasPrefix(name) }.map {
            ($0.file == "grid" ? grid : try Fixtures.image($0.file), $0)
        }
    }

    @Test(
        "equal Pillow on every byte, on pictures of odd sizes and a grid of colors",
        arguments: [("hue", 88), ("greyscale", 11), ("gaussianBlur", 120)])
    func equalsPillow(name: String, count: Int) throws {
        let cases = try Self.cases(name)
        #expect(cases.count == count)
        for (image, expected) in cases {
            let found = difference(image.applying(expected.operation), expected.result)
            #expect(found == nil, "\(expected.file) \(expected.operation)")
        }
    }

    @Test("a hue goes round in both directions, and a grey has none") func hue() {
        let red = Image(width: 3, height: 1, fill: (255, 0, 0))
        // A third of 255 is 85 steps: green; torchvision cuts -85.17 to -85 and wraps it to 171,
        // one step past blue.
        #expect(red.applying(.hue(0.334)) == Image(width: 3, height: 1, fill: (0, 255, 0)))
        #expect(red.applying(.hue(-0.334)) == Image(width: 3, height: 1, fill: (6, 0, 255)))
        let grey = Image(width: 5, height: 3, fill: (77, 77, 77))
        #expect(grey.applying(.hue(0.3)) == grey)
    }

    @Test("a blur keeps what is even and spreads a point evenly") func blur() throws {
        let flat = Image(width: 7, height: 13, fill: (9, 90, 200))
        #expect(flat.applying(.gaussianBlur(radius: 1.7)) == flat)
        var point = Image(width: 9, height: 9, fill: (0, 0, 0))
        point.pixels[(4 * 9 + 4) * 3 + 1] = 255
        let spread = point.applying(.gaussianBlur(radius: 1.3))
        #expect(spread == spread.flippedHorizontally())
        #expect(spread.pixels.enumerated().allSatisfy { $0.offset % 3 == 1 || $0.element == 0 })
        #expect(spread.pixels[(4 * 9 + 4) * 3 + 1] > spread.pixels[(4 * 9 + 3) * 3 + 1])
    }

    @Test("an erased box has its paint, and nothing else changes") func erase() {
        let image = Image(width: 11, height: 7, pixels: [UInt8](0..<231))
        let box = PixelRect(x: 4, y: 2, width: 3, height: 5)
        let paints: [(ErasePaint, (Int) -> UInt8)] = [
            (.color(red: 1, green: 2, blue: 3), { place in UInt8(place % 3 + 1) }),
            (.pixels([UInt8](100..<145)), { place in UInt8(100 + place) }),
        ]
        for (paint, expected) in paints {
            let erased = image.applying(.erase(box, paint))
            for (index, value) in erased.pixels.enumerated() {
                let (x, y) = (index / 3 % 11, index / 33)
                let inside = (4..<7).contains(x) && (2..<7).contains(y)
                let place = ((y - 2) * 3 + x - 4) * 3 + index % 3
                #expect(value == (inside ? expected(place) : image.pixels[index]))
            }
        }
    }

    @Test("survive a round trip through JSON") func coding() throws {
        let box = PixelRect(x: 1, y: 2, width: 1, height: 1)
        let operations: [PixelOperation] = [
            .hue(-0.25), .greyscale, .gaussianBlur(radius: 0.7),
            .erase(box, .color(red: 1, green: 2, blue: 3)), .erase(box, .pixels([4, 5, 6])),
        ]
        let json = try JSONEncoder().encode(operations)
        #expect(try JSONDecoder().decode([PixelOperation].self, from: json) == operations)
    }
}
