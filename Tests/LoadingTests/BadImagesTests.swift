import Foundation
import Imaging
import Recipes
import Testing

@testable import Loading

@Suite("Bad images") struct BadImagesTests {
    /// What a data set may hold besides pictures, and the error that it makes after its path; nil
    /// where it can be read after all.
    private static let kinds: [(name: String, error: String?)] = [
        ("empty", "the file is empty"),
        ("truncated", "JPEG: Premature end of input file"),
        ("text", "neither JPEG nor PNG: the file starts with 68 65 6C 6C"),
        ("header only", "JPEG: Premature end of input file"),
        (
            "bomb",
            "JPEG: 65500x65500 is more than 178956970 pixels; the file may be a decompression bomb"
        ),
        ("folder", "changed since it was listed: "),
        ("png named jpg", nil),
        ("wide", nil),
    ]

    private func bytes(_ kind: String) throws -> [UInt8] {
        let jpeg = try ImageEncoder.jpeg(TestImage.image, quality: 90)
        switch kind {
        case "truncated": return Array(jpeg.prefix(jpeg.count * 2 / 3))
        case "text": return Array("hello, I am a picture".utf8)
        case "header only": return Array(jpeg.prefix(40))
        case "bomb":
            // Height and width stand in the frame header, after its marker, length and precision.
            var bytes = jpeg
            let frame = try #require(
                bytes.indices.first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
            for place in [frame + 5, frame + 7] {
                bytes.replaceSubrange(place..<place + 2, with: [0xFF, 0xDC])
            }
            return bytes
        case "png named jpg": return try ImageEncoder.png(TestImage.image)
        case "wide":
            return try ImageEncoder.jpeg(
                Image(width: 65_500, height: 3, fill: (9, 120, 200)), quality: 50)
        default: return []
        }
    }

    /// A data set of three classes with eight images each, one of which is of the kind.
    private func loader(_ kind: String, in scratch: Scratch, onError: String) throws -> ViewLoader {
        try scratch.writeImages("train", classes: 3, perClass: 8)
        try scratch.writeImages("val", classes: 3, perClass: 1)
        try scratch.write("train/class1/3.jpg", bytes(kind))
        let recipe = try scratch.write("recipe.yaml", Array(TestRecipe.yaml.utf8))
        let loader = try ViewLoader(
            recipe: Recipe(contentsOf: recipe, overrides: ["data.on_error=\(onError)"]),
            options: LoadingOptions(workers: 2))
        if kind == "folder" {
            // Put in the image's place after the listing, which would have taken it for a folder.
            let path = "\(scratch.path)/train/class1/3.jpg"
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
        }
        return loader
    }

    /// Renders an epoch; what stood in for unreadable images, and the pixels.
    private func epoch(_ loader: ViewLoader) throws -> (substitutes: [Int], pixels: [[UInt8]]) {
        let groups = (0..<loader.plan.groupsPerEpoch).map { (epoch: 0, group: $0) }
        let pipeline = loader.prefetch(groups, sizes: [32])
        var substitutes: [Int] = []
        var pixels: [[UInt8]] = []
        while let views = try pipeline.next() {
            substitutes += views.substitutions.sorted { $0.key < $1.key }.map(\.value)
            pixels.append(views.pixels(size: 32).withBytes(Array.init))
        }
        return (substitutes, pixels)
    }

    @Test("each is an error with its path, or a picture", arguments: kinds)
    func failing(kind: String, error expected: String?) throws {
        let scratch = try Scratch()
        let loader = try loader(kind, in: scratch, onError: "fail")
        guard let expected else {
            #expect(try epoch(loader).substitutes.isEmpty)
            return
        }
        let error = #expect(throws: DatasetError.self) { try epoch(loader) }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("\(scratch.path)/train/class1/3.jpg: \(expected)"), "\(text)")
        #expect(!text.contains("\n"))
    }

    @Test("each is replaced by the same other image every time, and counted", arguments: kinds)
    func substituting(kind: String, error: String?) throws {
        let scratch = try Scratch()
        let loader = try loader(kind, in: scratch, onError: "substitute")
        let (first, second) = (try epoch(loader), try epoch(loader))
        #expect(first.substitutes.count == (error == nil ? 0 : 1))
        #expect(first.substitutes == second.substitutes)
        #expect(first.pixels == second.pixels)
        // No view is one colour throughout, a silently black one least of all.
        for group in first.pixels where kind != "wide" {
            for member in stride(from: 0, to: group.count, by: 32 * 32 * 3) {
                #expect(Set(group[member..<member + 32 * 32 * 3]).count > 8)
            }
        }
    }

    private enum TestImage {
        static let image = Scratch.image(label: 1, index: 3)
    }
}
