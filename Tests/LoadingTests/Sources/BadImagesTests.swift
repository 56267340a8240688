import Base
import Foundation
import Imaging
import Recipes
import Testing

@testable import Loading

@Suite("Bad images") struct BadImagesTests {
    /// What a data set may hold besides pictures, and the error that it makes after its path; nil
    /// where it can be read after all.
    private static let kinds: [(name: String, error: String?)] = [
        ("empty", "the file is empty; replace it, or set data.on_error: substitute"),
        (
            "truncated",
            "JPEG: Premature end of input file; replace it, or set data.on_error: substitute"
        ),
        (
            "text",
            "neither JPEG nor PNG: the file starts with 68 65 6C 6C; replace it, or set "
                + "data.on_error: substitute"
        ),
        (
            "header only",
            "JPEG: Premature end of input file; replace it, or set data.on_error: substitute"
        ),
        (
            "bomb",
            "JPEG: 65500x65500 is more than 178956970 pixels; the file may be a decompression bomb; "
                + "replace it, or set data.on_error: substitute"
        ),
        (
            "webp", "is WebP: convert it to JPEG or PNG, or set data.on_error: substitute"
        ),
        ("png named jpg", nil),
        ("wide", nil),
    ]

    private func bytes(_ kind: String) throws -> [UInt8] {
        let jpeg = try ImageEncoder.jpeg(TestImage.image, quality: 90)
        switch kind {
        case "truncated": return Array(jpeg.prefix(jpeg.count * 2 / 3))
        case "text": return Array("hello, I am a picture".utf8)
        case "webp": return Array("RIFF....WEBPVP8 ".utf8)
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
        return try ViewLoader(
            recipe: Recipe(contentsOf: recipe, overrides: ["data.on_error=\(onError)"]),
            options: LoadingOptions(workers: 2))
    }

    /// What happens to an image after it was listed, and the error that it makes. None of it says
    /// that the image is no picture: another time, or another machine, may read it.
    private static let changes: [(name: String, error: String, cause: DatasetError.Cause)] = [
        ("gone", "cannot be read: No such file or directory", .system(ENOENT)),
        ("folder", "changed since it was listed: ", .contents),
        ("changed", "changed since it was listed: ", .contents),
        ("loop", "cannot be read: Too many levels of symbolic links", .system(ELOOP)),
    ]

    @Test("no other image stands in for one that the system does not give", arguments: changes)
    func passing(change: String, error expected: String, cause: DatasetError.Cause) throws {
        let scratch = try Scratch()
        let loader = try loader("png named jpg", in: scratch, onError: "substitute")
        let path = "\(scratch.path)/train/class1/3.jpg"
        try FileManager.default.removeItem(atPath: path)
        switch change {
        case "folder":
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
        case "changed": try scratch.write("train/class1/3.jpg", [1, 2, 3])
        case "loop":
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: "3.jpg")
        default: break
        }
        let error = #expect(throws: DatasetError.self) { try epoch(loader) }
        #expect(error?.cause == cause)
        let text = try #require(error?.description)
        #expect(text.hasPrefix("\(path): \(expected)"), "\(text)")
        #expect(!text.contains("substitute"))
    }

    @Test("nor for the one that would have stood in") func passingSubstitute() throws {
        let scratch = try Scratch()
        let loader = try loader("truncated", in: scratch, onError: "substitute")
        let groups = (0..<loader.plan.groupsPerEpoch).map { (epoch: 0, group: $0) }
        let pipeline = loader.prefetch(groups, sizes: [32])
        var substitutes: [Int] = []
        while let views = try pipeline.next() { substitutes += views.substitutions.values }
        let substitute = try #require(substitutes.first)
        // Only the substitute is gone, and an epoch without its own slot would not notice.
        try FileManager.default.removeItem(atPath: loader.dataset.location(of: substitute))
        let error = #expect(throws: DatasetError.self) { try epoch(loader) }
        #expect(error?.cause == .system(ENOENT))
    }

    @Test("what is to blame decides, never the text") func causes() {
        let causes: [(DatasetError.Cause, Bool)] = [
            (.image(.bytes), true), (.image(.foreign), true), (.image(.memory), false),
            (.contents, false), (.system(EIO), false), (.system(ESTALE), false),
            (.system(EMFILE), false), (.system(ENOMEM), false), (.interruption, false),
        ]
        for (cause, isUndecodable) in causes {
            #expect(DatasetError("x: no", cause: cause).isUndecodable == isUndecodable, "\(cause)")
        }
    }

    @Test("validation images are checked by header and end, and the first bad one is told")
    func validation() throws {
        let scratch = try Scratch()
        try scratch.writeImages("val", classes: 2, perClass: 4)
        // A header that lies beyond the bytes that are looked at first.
        var late = try ImageEncoder.jpeg(TestImage.image, quality: 90)
        let comment = [0xFF, 0xFE, 0xFF, 0xFF] + [UInt8](repeating: 65, count: 65_533)
        late.insert(contentsOf: comment + comment, at: 2)
        try scratch.write("val/class1/late.jpg", late)
        // Bytes after the end, which are nobody's business.
        try scratch.write("val/class1/more.jpg", late + [UInt8](repeating: 1, count: 9000))
        try scratch.write("val/class1/png.jpg", bytes("png named jpg"))
        let val = "\(scratch.path)/val"
        try ImageDataset(val).checkValidationImages(workers: 2)
        let advice = "; every validation image counts, data.on_error is for training images"
        func message() throws -> String? {
            let dataset = try ImageDataset(val)
            do {
                try dataset.checkValidationImages(workers: 3)
                return nil
            } catch { return "\(error)".replacingOccurrences(of: scratch.path, with: "…") }
        }
        for kind in ["truncated", "webp", "bomb", "empty", "header only"] {
            try scratch.write("val/class1/2.jpg", bytes(kind))
            let own = try #require(Self.kinds.first { $0.name == kind }?.error)
                .components(separatedBy: "; replace it")[0].components(separatedBy: ", or set")[0]
            #expect(try message() == "…/val/class1/2.jpg: \(own)\(advice)")
        }
        try scratch.write("val/class0/1.jpg", bytes("truncated"))
        #expect(
            try message()
                == "…/val/class0/1.jpg: JPEG: Premature end of input file\(advice) (and 1 more cannot "
                + "be decoded)")
        // Cut in the middle of a file that is longer than what is looked at first.
        try scratch.write("val/class0/1.jpg", late.dropLast(50))
        #expect(try message()?.contains("class0/1.jpg: JPEG: ") == true)
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
        // No view is one color throughout, a silently black one least of all.
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
