import Foundation
import Imaging

/// A folder that is removed with the test.
final class Scratch {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file below the folder, with the folders it needs.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }

    /// Writes class folders of JPEGs whose color and stripes depend on class and index.
    func writeImages(_ folder: String, classes: Int, perClass: Int) throws {
        for label in 0..<classes {
            for index in 0..<perClass {
                let image = Self.image(label: label, index: index)
                try write(
                    "\(folder)/class\(label)/\(index).jpg",
                    ImageEncoder.jpeg(image, quality: 90))
            }
        }
    }

    /// An image of an odd size that depends on its index.
    static func image(label: Int, index: Int) -> Image {
        let (width, height) = (37 + index % 5, 41 - index % 3)
        var image = Image(width: width, height: height, fill: (0, 0, 0))
        for y in 0..<height {
            for x in 0..<width {
                let stripe = (x * (label + 1) / 4 + y * index / 7) % 2 == 0
                let base = (y * width + x) * 3
                image.pixels[base] = UInt8(40 + label * 50 % 200)
                image.pixels[base + 1] = stripe ? 220 : 30
                image.pixels[base + 2] = UInt8((x * 5 + index * 11) % 256)
            }
        }
        return image
    }
}
