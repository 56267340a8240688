import Foundation
import Imaging
import Testing
import Torch

@testable import Models

@Suite("What weights say of themselves") struct WeightsDescriptionTests {
    private static let preprocessing = Preprocessing(
        size: 224, resize: 256, interpolation: .bicubic, mean: [0.485, 0.456, 0.406],
        std: [0.229, 1, 1e-3])

    private static let whole = WeightsDescription(
        model: "resnet50", recipe: "kd", recipeDigest: String(repeating: "0a", count: 32),
        preprocessing: preprocessing,
        classes: ["tench", "a \"b\" \\ c/d", "line\nbreak", "\u{1B}[2J", "é ﷽ 🐈", ""])

    private func file(_ metadata: [String: String], sealed: Bool = true) throws -> SafetensorsFile {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-\(UUID().uuidString).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let tensors = [("w", try Tensor.ones([3]))]
        if sealed {
            try SafetensorsFile.writeSealed(tensors, metadata: metadata, to: path)
        } else {
            try SafetensorsFile.write(tensors, metadata: metadata, to: path)
        }
        return try SafetensorsFile(path: path)
    }

    @Test("is read back as it was written, beside the seal") func roundTrip() throws {
        #expect(try WeightsDescription(of: file(Self.whole.metadata)) == Self.whole)
        let part = WeightsDescription(model: "resnet18")
        #expect(part.metadata == ["format": "pt", "model": "resnet18"])
        #expect(try WeightsDescription(of: file(part.metadata)) == part)
    }

    @Test("is JSON that any reader takes apart") func json() throws {
        let metadata = Self.whole.metadata
        #expect(metadata["format"] == "pt")
        let input = try #require(metadata["understudy.preprocessing"])
        let object = try JSONSerialization.jsonObject(with: Data(input.utf8)) as? [String: Any]
        #expect(object?["size"] as? Int == 224 && object?["resize"] as? Int == 256)
        #expect(object?["interpolation"] as? String == "bicubic")
        #expect(object?["mean"] as? [Double] == Self.preprocessing.mean)
        #expect(object?["std"] as? [Double] == Self.preprocessing.std)
        let names = try #require(metadata["understudy.classes"])
        #expect(
            try JSONSerialization.jsonObject(with: Data(names.utf8)) as? [String]
                == Self.whole.classes)
    }

    @Test("a file from elsewhere says what it says") func elsewhere() throws {
        let metadata = ["format": "pt", "classes": "10", "size": "x"]
        #expect(try WeightsDescription(of: file(metadata, sealed: false)) == WeightsDescription())
    }

    private static let hostile: [(key: String, value: String, message: String)] = [
        ("recipe_sha256", "0A", "is no SHA-256"),
        ("classes", "tench", "is no list of texts in JSON"),
        ("classes", "[1, 2]", "is no list of texts in JSON"),
        ("classes", String(repeating: "[", count: 100_000), "is no list of texts in JSON"),
        ("classes", "[]", "names 0 classes"),
        ("preprocessing", String(repeating: " ", count: 4097), "is longer than 4096 bytes"),
        ("preprocessing", "224", "is no mapping in one line of ASCII"),
        ("preprocessing", "{size: 1}\nextends: /dev/stdin", "is no mapping in one line of ASCII"),
        ("preprocessing", "{size: 1}\u{85}extends: x", "is no mapping in one line of ASCII"),
        ("preprocessing", "{extends: x}", "unknown key 'extends' in preprocessing; known: "),
        ("preprocessing", "{\"size\": 224}", "missing key 'resize' in preprocessing: "),
        ("preprocessing", input(size: "0"), "preprocessing.size: expected "),
        ("preprocessing", input(size: "99999999999"), "preprocessing.size: expected "),
        (
            "preprocessing", input(size: "257"),
            "preprocessing.resize 256 is less than preprocessing.size 257"
        ),
        ("preprocessing", input(std: "[0, 1, 1]"), "preprocessing.std: expected "),
        ("preprocessing", input(std: "[1, 1]"), "preprocessing.std: expected "),
    ]

    private static func input(size: String = "224", std: String = "[1, 1, 1]") -> String {
        "{\"size\": \(size), \"resize\": 256, \"interpolation\": \"bilinear\", "
            + "\"mean\": [0, 0, 0], \"std\": \(std)}"
    }

    @Test("what this program would not have written is refused in one line", arguments: hostile)
    func refused(key: String, value: String, message: String) throws {
        let file = try file(["understudy.\(key)": value])
        let error = try #require(throws: TorchError.self) { _ = try WeightsDescription(of: file) }
        let start = "weights: \(file.path): metadata 'understudy.\(key)': "
        #expect(error.description.hasPrefix(start + message), "\(error)")
        #expect(error.description.hasSuffix("or make the file again"))
        #expect(error.description.utf8.count < 700)
        #expect(error.description.split(whereSeparator: \.isNewline).count == 1)
    }

    @Test("names that would take more than 16 MiB are left out") func tooLong() throws {
        var description = Self.whole
        description.classes = [String(repeating: "x", count: 16 << 20)]
        #expect(description.metadata["understudy.classes"] == nil)
        #expect(description.metadata["understudy.preprocessing"] != nil)
    }

    @Test("several files have in common what all of them say alike") func common() {
        var other = Self.whole
        other.recipe = "another"
        other.preprocessing?.resize = 224
        let common = WeightsDescription.common(to: [Self.whole, other])
        #expect(common.model == "resnet50" && common.classes == Self.whole.classes)
        #expect(common.recipe == nil && common.preprocessing == nil)
        #expect(WeightsDescription.common(to: [Self.whole, .init()]) == WeightsDescription())
        #expect(WeightsDescription.common(to: [Self.whole]) == Self.whole)
    }
}
