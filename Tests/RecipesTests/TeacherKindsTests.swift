import Foundation
import Models
import StrictYAML
import Testing

@testable import Recipes

@Suite("Kinds of teachers") struct TeacherKindsTests {
    private static let preprocessing =
        "{size: 32, resize: 36, interpolation: bicubic, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}"
    private static let exported = """
        name: tiny
        kind: aotinductor
        classes: [fish, bird, frog, cat]
        exported: {batch: 8, output: probabilities}
        preprocessing: \(preprocessing)
        weights: {file: tiny.pt2, sha256: null}
        source: made here
        """

    private let folder: String

    init() throws {
        folder =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-kinds-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    private func card(_ text: String) throws -> TeacherCard {
        try TeacherCard(parsing: text, path: "\(folder)/card.yaml")
    }

    private func refusal(_ text: String) -> String {
        RecipesTests.message { try card(text) }.replacingOccurrences(of: folder, with: "…")
    }

    /// A card of a network, of which an ensemble may have several.
    private static func network(_ name: String, size: Int = 32, classes: Int = 4) -> String {
        """
        name: \(name)
        kind: resnet
        classes: \(classes)
        architecture: {depth: 18}
        preprocessing: \(preprocessing.replacingOccurrences(of: "size: 32, resize: 36", with: "size: \(size), resize: \(size)"))
        weights: {file: \(name).safetensors, sha256: null}
        source: made here

        """
    }

    @Test("an exported module has what it takes and answers; the rest is as of networks")
    func exported() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let card = try card(Self.exported)
        guard case .exported(let exported) = card.subject else {
            Issue.record("\(card.subject)")
            return
        }
        #expect(exported.format == .aotInductor && card.kind == "aotinductor")
        #expect(exported.interface.batch == 8 && exported.interface.input == .float32)
        #expect(exported.interface.output == .probabilities)
        #expect(card.preprocessing?.resize == 36 && card.network == nil)
        #expect(card.weights?.file == "\(folder)/tiny.pt2")
        #expect(try self.card(card.yaml) == card)
        // The batch changes no response.
        #expect(card.fingerprintLine == "aotinductor input=float32 output=probabilities")
        let short = Self.exported.replacingOccurrences(
            of: "exported: {batch: 8, output: probabilities}\n", with: "")
        #expect(try self.card(short).fingerprintLine == "aotinductor input=float32 output=logits")
        #expect(
            refusal(Self.exported.replacingOccurrences(of: "null}", with: "null, entry: ema}"))
                == "…/card.yaml:6:48: weights.entry is of a network's weights; leave it out")
        #expect(
            refusal(Self.exported + "\narchitecture: {depth: 18}").contains(
                "unknown key 'architecture'"))
    }

    @Test("a class map names outputs by index, by name, or in a file") func classMap() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func mapped(_ map: String) -> String { Self.exported + "\nclass_map: \(map)" }
        for map in ["[3, 0]", "[cat, fish]", "[3, fish]"] {
            let card = try card(mapped(map))
            #expect(card.classMap == [3, 0] && card.classes == 2 && card.outputs == 4)
            #expect(card.classNames == ["cat", "fish"])
            #expect(try self.card(card.yaml) == card)
        }
        try write("map.txt", "cat\nfish\n")
        #expect(try card(mapped("map.txt")).classMap == [3, 0])
        #expect(try card(mapped("none")).classes == 4)
        let place = "…/card.yaml:8:12: class_map: "
        #expect(
            refusal(mapped("[dog, cat]"))
                == place + "class 0, 'dog': no class of the card has this name")
        #expect(
            refusal(mapped("[4, 0]"))
                == place + "class 0 is output 4 of 4, which are counted from 0")
        #expect(refusal(mapped("[cat, 3]")) == place + "classes 0 and 1 are both output 3")
        #expect(refusal(mapped("[cat]")) == place + "1 classes; 2 to 1000000 are possible")
        let nameless = mapped("[cat, 0]").replacingOccurrences(
            of: "[fish, bird, frog, cat]", with: "4")
        #expect(
            refusal(nameless)
                == place + "class 0, 'cat': the card's classes have no names, so that only indices "
                + "can be told")
    }

    @Test("an ensemble is of cards of one image size and the same classes") func ensemble() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("a.yaml", Self.network("a"))
        try write("b.yaml", Self.network("b", classes: 5) + "class_map: [0, 1, 2, 4]\n")
        let text = """
            name: both
            kind: ensemble
            classes: 4
            members: [{card: a.yaml, weight: 3}, {card: b.yaml}]
            source: made here
            """
        let card = try card(text)
        guard case .ensemble(let ensemble) = card.subject else {
            Issue.record("\(card.subject)")
            return
        }
        #expect(ensemble.members.map(\.share) == [0.75, 0.25])
        #expect(ensemble.members.map(\.card.name) == ["a", "b"])
        #expect(card.weights?.file == nil && card.preprocessing?.size == 32)
        #expect(try self.card(card.yaml) == card)
        // A third of the weights has no exact share.
        let thirds = try self.card(
            text.replacingOccurrences(of: "weight: 3", with: "weight: 2"))
        #expect(try self.card(thirds.yaml) == thirds)
        #expect(
            card.fingerprintLine
                == "ensemble 0.75 * {resnet depth=18 mean=[0.5, 0.5, 0.5] std=[0.5, 0.5, 0.5]} + "
                + "0.25 * {resnet depth=18 mean=[0.5, 0.5, 0.5] std=[0.5, 0.5, 0.5] "
                + "class_map=[0, 1, 2, 4]}")

        func refused(_ name: String, _ other: String, because reason: String) throws {
            try write("b.yaml", other)
            let found = refusal(text)
            #expect(found.hasSuffix(reason), "\(name): \(found)")
        }
        try refused(
            "size", Self.network("b", size: 48),
            because: "b takes images of 48 pixels, a of 32; name them as a recipe's teachers, each "
                + "with a cache of its own")
        try refused(
            "classes", Self.network("b", classes: 5),
            because: "b tells 5 classes apart, the ensemble 4")
        let named = Self.network("b")
            .replacingOccurrences(of: "classes: 4", with: "classes: [a, b, c, d]")
        try write("a.yaml", named.replacingOccurrences(of: "name: b", with: "name: a"))
        try write("b.yaml", named)
        #expect(try self.card(text).classNames == ["a", "b", "c", "d"])
        try refused(
            "names",
            named.replacingOccurrences(of: "[a, b, c, d]", with: "[a, c, b, d]"),
            because: "b: class 1 is 'c', of the ensemble 'b'; bring its outputs into order by a "
                + "class_map")
        try refused(
            "itself", text, because: "a member of an ensemble is no ensemble; name its members")
        #expect(
            refusal(text.replacingOccurrences(of: ", {card: b.yaml}", with: ""))
                .contains("expected a list of at least 2 mappings"))
    }
}
