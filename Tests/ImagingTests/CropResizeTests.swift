// Compares with Pillow, by Tests/Fixtures/imaging/make_evaluation_fixtures.py.
import Foundation
import Testing

@testable import Imaging

@Suite("Crop, then resize") struct CropResizeTests {
    @Test("random crops of odd sizes equal Pillow on every byte", arguments: Interpolation.allCases)
    func equalsPillow(interpolation: Interpolation) throws {
        let expected = try Expected.load()
        #expect(expected.pillow == "13.0.0")
        #expect(crc32(drawn(width: 61, height: 47).pixels) == expected.drawn)
        #expect(expected.cropped.count > 200)
        for entry in expected.cropped {
            let crop = PixelRect(
                x: entry.crop[0], y: entry.crop[1], width: entry.crop[2], height: entry.crop[3])
            let result = try drawn(width: entry.image[0], height: entry.image[1])
                .cropped(to: crop)
                .resized(
                    width: entry.size[0], height: entry.size[1], interpolation: interpolation)
            let found = difference(
                result,
                Fixtures.Result(
                    width: entry.size[0], height: entry.size[1],
                    crc32: interpolation == .bilinear ? entry.bilinear : entry.bicubic, hex: nil))
            #expect(
                found == nil, "\(entry.image), crop \(crop), to \(entry.size), \(interpolation)")
        }
    }

    private struct Expected: Decodable {
        struct Cropped: Decodable {
            let image: [Int]
            let crop: [Int]
            let size: [Int]
            let bilinear: UInt32
            let bicubic: UInt32
        }

        let pillow: String
        let drawn: UInt32
        let cropped: [Cropped]

        static func load() throws -> Expected {
            let file = Fixtures.folder.appendingPathComponent("evaluation.json")
            return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: file))
        }
    }
}

/// The picture that the generator of the fixtures draws: slopes, noise and clipped ends.
private func drawn(width: Int, height: Int) -> Image {
    Image(width: width, height: height) { pixels in
        var next = pixels
        for y in 0..<height {
            for x in 0..<width {
                for c in 0..<3 {
                    let mixed =
                        (UInt32(x) &* 73_856_093) ^ (UInt32(y) &* 19_349_663)
                        ^ (UInt32(c) &* 83_492_791)
                    let slope = x * 200 / width + y * (c + 1) * 55 / height
                    let value = slope + Int((mixed >> 13) & 63) - 60
                    next[0] = UInt8(min(max(value, 0), 255))
                    next += 1
                }
            }
        }
    }
}
