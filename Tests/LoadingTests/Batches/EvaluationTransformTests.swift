// Compares with torchvision, by Tests/Fixtures/imaging/make_evaluation_fixtures.py.
import Foundation
import Imaging
import Testing

@testable import Loading

@Suite("EvaluationTransform") struct EvaluationTransformTests {
    @Test("resize and center crop equal torchvision's on every byte", arguments: Filter.allCases)
    func equalsTorchvision(filter: Filter) throws {
        let expected = try Expected.load()
        #expect(expected.pillow == "13.0.0")
        #expect(checksum(drawn(width: 61, height: 47)) == expected.drawn)
        #expect(expected.evaluated.count > 200)
        for entry in expected.evaluated {
            let image = drawn(width: entry.image[0], height: entry.image[1])
            let transform = EvaluationTransform(
                size: entry.size, resize: entry.resize, interpolation: filter.interpolation)
            let batch = try ImageEncoder.png(image).withUnsafeBytes { try transform($0) }
            #expect((batch.count, batch.size) == (1, entry.size))
            let result = Image(
                width: entry.size, height: entry.size, pixels: batch.withBytes(Array.init))
            #expect(
                checksum(result) == (filter == .bilinear ? entry.bilinear : entry.bicubic),
                "\(entry.image) to \(entry.resize), cropped to \(entry.size), \(filter)")
        }
    }

    @Test("one changed bit changes the checksum") func checkerFails() throws {
        var image = drawn(width: 61, height: 47)
        image.pixels[4000] ^= 1
        #expect(try checksum(image) != Expected.load().drawn)
    }

    enum Filter: CaseIterable {
        case bilinear, bicubic

        var interpolation: Interpolation { self == .bilinear ? .bilinear : .bicubic }
    }

    private struct Expected: Decodable {
        struct Evaluated: Decodable {
            let image: [Int]
            let resize: Int
            let size: Int
            let bilinear: UInt32
            let bicubic: UInt32
        }

        let pillow: String
        let drawn: UInt32
        let evaluated: [Evaluated]

        static func load() throws -> Expected {
            let file = Fixture.url("imaging/evaluation.json")
            return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: file))
        }
    }
}

/// The picture that the generator of the fixtures draws: slopes, noise and clipped ends.
private func drawn(width: Int, height: Int) -> Image {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * 3)
    for y in 0..<height {
        for x in 0..<width {
            for c in 0..<3 {
                let mixed =
                    (UInt32(x) &* 73_856_093) ^ (UInt32(y) &* 19_349_663)
                    ^ (UInt32(c) &* 83_492_791)
                let slope = x * 200 / width + y * (c + 1) * 55 / height
                let value = slope + Int((mixed >> 13) & 63) - 60
                pixels.append(UInt8(min(max(value, 0), 255)))
            }
        }
    }
    return Image(width: width, height: height, pixels: pixels)
}

/// The CRC-32 of zlib and PNG over an image's bytes.
private func checksum(_ image: Image) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in image.pixels {
        crc = (crc >> 8) ^ crcTable[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
    }
    return ~crc
}

private let crcTable: [UInt32] = (0..<256).map { index in
    var crc = UInt32(index)
    for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
    return crc
}
