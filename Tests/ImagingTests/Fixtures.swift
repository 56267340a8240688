// Inputs and what Pillow 13.0.0 makes of them; made by Tests/Fixtures/imaging/make_fixtures.py.
import Foundation
import Testing

@testable import Imaging

struct Fixtures: Decodable, Sendable {
    struct Result: Decodable, Sendable {
        let width: Int
        let height: Int
        let crc32: UInt32
        let hex: String?
    }
    struct Decoded: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let result: Result
        var testDescription: String { file }
    }
    struct Resized: Decodable, Sendable {
        let file: String
        let interpolation: Interpolation
        let result: Result
    }
    struct Operated: Decodable, Sendable {
        let file: String
        let operation: PixelOperation
        let result: Result
    }

    let pillow: String
    let decoded: [Decoded]
    let resized: [Resized]
    let operated: [Operated]

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Fixtures/imaging").standardizedFileURL

    static func load() throws -> Fixtures {
        let json = try Data(contentsOf: folder.appendingPathComponent("expected.json"))
        return try JSONDecoder().decode(Fixtures.self, from: json)
    }

    static func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(file)))
    }

    static func image(_ file: String) throws -> Image { try decode(bytes(file)) }
}

extension Fixtures.Decoded {
    private enum Keys: CodingKey { case file }
    init(from decoder: any Decoder) throws {
        file = try decoder.container(keyedBy: Keys.self).decode(String.self, forKey: .file)
        result = try Fixtures.Result(from: decoder)
    }
}

extension Fixtures.Resized {
    private enum Keys: CodingKey { case file, interpolation }
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        file = try container.decode(String.self, forKey: .file)
        interpolation = try container.decode(Interpolation.self, forKey: .interpolation)
        result = try Fixtures.Result(from: decoder)
    }
}

extension Fixtures.Operated {
    private enum Keys: CodingKey { case file, operation }
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        file = try container.decode(String.self, forKey: .file)
        operation = try container.decode(PixelOperation.self, forKey: .operation)
        result = try Fixtures.Result(from: decoder)
    }
}

func decode(_ bytes: [UInt8], region: PixelRect? = nil) throws(ImageError) -> Image {
    let result = bytes.withUnsafeBytes { bytes in
        Result { () throws(ImageError) in try ImageDecoder.decode(bytes, region: region) }
    }
    return try result.get()
}

/// Says how an image differs from Pillow's, nil if on no byte.
func difference(_ image: Image, _ expected: Fixtures.Result) -> String? {
    guard image.width == expected.width && image.height == expected.height else {
        return "size \(image.width)x\(image.height), not \(expected.width)x\(expected.height)"
    }
    guard crc32(image.pixels) != expected.crc32 else { return nil }
    let hex = image.pixels.map { String(format: "%02x", $0) }.joined()
    return expected.hex.map { "bytes \(hex), not \($0)" } ?? "bytes differ"
}

/// The CRC-32 of zlib and PNG.
func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}

/// A small generator with a fixed seed (SplitMix64), so that failures repeat.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Fixtures") struct FixturesTests {
    @Test("one changed bit shows as a difference") func checkerFails() throws {
        let expected = try #require(try Fixtures.load().decoded.first)
        var image = try Fixtures.image(expected.file)
        #expect(difference(image, expected.result) == nil)
        image.pixels[image.pixels.count / 2] ^= 1
        #expect(difference(image, expected.result) == "bytes differ")
        let narrow = image.cropped(to: PixelRect(x: 0, y: 0, width: 1, height: 1))
        #expect(difference(narrow, expected.result) == "size 1x1, not 224x224")
    }

    @Test("CRC-32 of the standard check string") func checksum() {
        #expect(crc32([UInt8]("123456789".utf8)) == 0xCBF4_3926)
    }
}

extension Image {
    /// The image after one operation, which fills what comes from outside with ImageNet's mean.
    func applying(_ operation: PixelOperation, fill: Color = .imageNetMean) -> Image {
        var image = self
        image.apply(operation, fill: fill)
        return image
    }
}
