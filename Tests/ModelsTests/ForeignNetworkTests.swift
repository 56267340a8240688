import Testing
import Torch

@testable import Models

/// Against the libraries' own lists of tensors: Tests/Fixtures/models, make_fixtures.py for torchvision
/// and timm, make_huggingface.py, make_supergradients.py.
@Suite("Networks in other libraries") struct ForeignNetworkTests {
    private struct Row: Decodable, Hashable {
        let name: String
        let shape: [Int]

        init(_ name: String, _ shape: [Int]) { (self.name, self.shape) = (name, shape) }

        init(from decoder: any Decoder) throws {
            var row = try decoder.unkeyedContainer()
            name = try row.decode(String.self)
            shape = try row.decode([Int].self)
        }
    }

    private static let lists: [(ForeignLibrary, file: String, networks: [String])] = [
        (.torchvision, "state_dicts.json", ["resnet18", "resnet50"]),
        (.timm, "state_dicts.json", ["beit_base_patch16_224"]),
        (
            .supergradients, "supergradients.json",
            ["resnet18", "resnet50", "beit_base_patch16_224"]
        ),
    ]

    private func rows(
        of network: any ImageClassifier, in library: ForeignLibrary
    ) throws -> [Row] {
        let (foreign, layout) = try #require(network.architecture.counterpart(in: library))
        return try network.store.tensors(in: layout, savesConstants: foreign.savesConstants)
            .map { Row($0.name, $0.tensor.shape) }
    }

    private func network(_ name: String) throws -> any ImageClassifier {
        try #require(PublishedNetwork.named(name)).architecture.makeNetwork(classes: 1000)
    }

    @Test("names and shapes are theirs, all of them", arguments: 0..<3)
    func names(_ index: Int) throws {
        let (library, file, networks) = Self.lists[index]
        let expected = try Fixtures.decode([String: [Row]].self, file)
        for name in networks {
            let ours = try rows(of: network(name), in: library)
            #expect(try Set(ours) == Set(#require(expected[name])), "\(name)")
            #expect(ours.count == Set(ours).count)
        }
    }

    @Test("Hugging Face's names and shapes are theirs, all of them")
    func huggingFaceNames() throws {
        struct Lists: Decodable { let names: [String: [Row]] }
        let expected = try Fixtures.decode(Lists.self, "huggingface.json").names
        for (name, rows) in expected {
            let ours = try self.rows(of: network(name), in: .huggingface)
            #expect(Set(ours) == Set(rows), "\(name)")
        }
        #expect(expected.count == 3)
    }

    @Test("timm makes a BEiT by its name, or from its dimensions") func timm() throws {
        let base = try #require(
            network("beit_base_patch16_224").architecture.counterpart(in: .timm))
        #expect(base.network.name == "beit_base_patch16_224" && base.network.arguments.isEmpty)
        let micro = try #require(Architecture.microBEiT.counterpart(in: .timm)).network
        #expect(micro.name == "beit_base_patch16_224" && micro.arguments["embed_dim"] == 64)
        #expect(micro.arguments["img_size"] == 32 && micro.arguments["num_heads"] == 4)
    }

    @Test("libraries that lack a network have no counterpart") func missing() throws {
        #expect(Architecture.microBEiT.counterpart(in: .torchvision) == nil)
        #expect(Architecture.microBEiT.counterpart(in: .supergradients) == nil)
    }

    @Test(
        "what is written in a layout is read from it, bit for bit",
        arguments: ForeignLibrary.allCases)
    func roundTrip(_ library: ForeignLibrary) throws {
        let folder = try TemporaryFolder()
        for architecture in [Architecture.resnet(.layers18), .microBEiT] {
            guard let (foreign, layout) = architecture.counterpart(in: library) else { continue }
            let network = try architecture.makeNetwork(classes: 3)
            try Fixtures.fill(network)
            let tensors = try network.store.tensors(
                in: layout, savesConstants: foreign.savesConstants)
            let file = try folder.file(
                Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) }))
            let other = try architecture.makeNetwork(classes: 3)
            _ = try other.load(file)
            #expect(try other.store.values() == network.store.values())
        }
    }
}
