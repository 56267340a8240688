import Foundation
import Imaging
import Testing

@testable import Models

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
        // The micro BEiT is this project's own.
        #expect(
            Set(PublishedNetwork.names) == Set(published.keys).union(["beit_micro_patch4_32"]))
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
