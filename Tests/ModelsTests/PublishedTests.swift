import Foundation
import Imaging
import Testing
import Torch

@testable import Models

/// Of networks that only this project has.
private let ownNames = ["beit_micro_patch4_32", "deit_micro_patch4_32"]

/// Against Tests/Fixtures/models/make_preprocessing.py: timm 1.0.31 and torchvision 0.26.0.
@Suite("Published evaluations") struct PublishedTests {
    struct Published: Decodable {
        let size: Int
        let resize: Int
        let interpolation: Interpolation
        let mean: [Double]
        let std: [Double]
    }

    @Test("every name prepares images as its weights were evaluated") func preprocessing() throws {
        let published = try Fixtures.decode([String: Published].self, "preprocessing.json")
        #expect(Set(PublishedNetwork.names) == Set(published.keys).union(ownNames))
        for (name, theirs) in published {
            #expect(
                PublishedNetwork.named(name)?.preprocessing
                    == .init(
                        size: theirs.size, resize: theirs.resize,
                        interpolation: theirs.interpolation, mean: theirs.mean, std: theirs.std),
                "\(name)")
        }
    }

    @Test("an unknown name has none") func unknown() {
        #expect(PublishedNetwork.named("resnet51") == nil)
        #expect(
            PublishedNetwork.examples(insteadOf: "convnext_tiyn")
                == "beit_base_patch16_224, vit_tiny_patch16_224, resnet18, tf_efficientnet_lite0, "
                + "mobilenet_v3_small, convnext_tiny and \(PublishedNetwork.names.count - 6) more "
                + "(docs/teachers.md); the nearest is convnext_tiny")
    }
}

@Suite("State dictionaries") struct StateDictionaryTests {
    private struct Row: Decodable, Equatable {
        let name: String
        let shape: [Int]
        let isBuffer: Bool

        init(name: String, shape: [Int], isBuffer: Bool) {
            (self.name, self.shape, self.isBuffer) = (name, shape, isBuffer)
        }

        init(from decoder: any Decoder) throws {
            var row = try decoder.unkeyedContainer()
            name = try row.decode(String.self)
            shape = try row.decode([Int].self)
            _ = try row.decode(String.self)
            isBuffer = try row.decode(String.self) == "buffer"
        }
    }

    @Test(
        "a name makes a network of the reference's names, shapes and parameters",
        arguments: [
            ("resnet18", 11_689_512), ("resnet34", 21_797_672), ("resnet50", 25_557_032),
            ("resnet101", 44_549_160), ("resnet152", 60_192_808),
            ("beit_base_patch16_224", 86_530_984), ("beit_base_patch16_384", 86_744_104),
            ("beit_large_patch16_224", 304_430_568), ("beit_micro_patch4_32", 272_168),
        ])
    func names(_ name: String, count: Int) throws {
        let network = try #require(PublishedNetwork.named(name)).architecture
            .makeNetwork(classes: 1000)
        let ours = network.store.entries.map {
            Row(name: $0.name, shape: $0.tensor.shape, isBuffer: $0.isBuffer)
        }
        #expect(network.architecture == PublishedNetwork.named(name)?.architecture)
        #expect(network.store.parameters.reduce(0) { $0 + $1.tensor.count } == count)
        // The generator left out the two that differ from others in the image's size alone.
        let states = try Fixtures.decode([String: [Row]].self, "state_dicts.json")
        guard let expected = states[name] else { return }
        let order = { (left: Row, right: Row) in left.name < right.name }
        #expect(ours.sorted(by: order) == expected.sorted(by: order))
    }
}

/// Against Tests/Fixtures/models/make_families.py: timm 1.0.31 and torchvision 0.26.0.
@Suite("Published sizes") struct PublishedSizeTests {
    struct Network {
        let name: String
        let parameters: Int
        /// "NAME SHAPE" of each tensor but the counts of batches.
        var tensors: [String] = []
    }

    /// A fixture, of which a line may stand for the tensors of several blocks.
    static func read(_ name: String) throws -> [Network] {
        let text = String(decoding: try Fixtures.data(name), as: UTF8.self)
        var networks: [Network] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("= ") {
                let words = line.split(separator: " ")
                networks.append(
                    Network(name: String(words[1]), parameters: try #require(Int(words[2]))))
            } else {
                networks[networks.count - 1].tensors += try unfolded(line)
            }
        }
        return networks
    }

    /// A tensor as the fixtures have it.
    static func line(_ name: String, _ tensor: Tensor) -> String {
        name + " " + tensor.shape.map(String.init).joined(separator: "x")
    }

    /// `blocks.[0-2].norm1.weight 64`, three lines in one.
    static func unfolded(_ line: Substring) throws -> [String] {
        guard let match = line.firstMatch(of: /\[(\d+)-(\d+)\]/) else { return [String(line)] }
        let (first, last) = (try #require(Int(match.1)), try #require(Int(match.2)))
        return (first...last).map {
            line[..<match.range.lowerBound] + "\($0)" + line[match.range.upperBound...]
        }.map(String.init)
    }

    @Test("names, shapes and parameters of every published size are the reference's")
    func states() throws {
        let networks = try Self.read("published_states.txt")
        // ResNets and BEiTs of the first version are in state_dicts.json.
        let known = Set(networks.map(\.name)).union([
            "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
            "beit_base_patch16_224", "beit_large_patch16_224",
        ]).union(ownNames)
        #expect(Set(PublishedNetwork.names) == known)
        for expected in networks {
            let network = try #require(PublishedNetwork.named(expected.name)).architecture
                .outline(classes: 1000)
            let parameters = network.store.parameters.reduce(0) { $0 + $1.tensor.count }
            #expect(parameters == expected.parameters, "\(expected.name)")
            let ours = network.store.entries
                .filter { !$0.name.hasSuffix("num_batches_tracked") }
                .map { Self.line($0.name, $0.tensor) }
            #expect(ours.sorted() == expected.tensors.sorted(), "\(expected.name)")
        }
    }

    @Test("the table of the documentation has every family, name and key") func documented() throws
    {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/teachers.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        for family in Architecture.families {
            let names = family.published.map { "`\($0.name)`" }.joined(separator: ", ")
            let keys = family.known.map { "`\($0)`" }.joined(separator: ", ")
            #expect(
                text.contains("| `\(family.kind)` | \(names) | \(keys) |"), "\(family.kind)")
        }
    }
}
