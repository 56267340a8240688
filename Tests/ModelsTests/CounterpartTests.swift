import Testing
import Torch

@testable import Models

/// Against the libraries' own lists of tensors: Tests/Fixtures/models, make_fixtures.py for torchvision
/// and timm, make_huggingface.py, make_layouts.py.
@Suite("Networks in other libraries") struct CounterpartTests {
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

    /// The lists of a file, by a library or none, and by our names of the networks.
    private func lists(_ library: WeightOrigin) throws -> [String: [Row]] {
        struct One: Decodable { let names: [String: [Row]] }
        struct Several: Decodable { let names: [String: [String: [Row]]] }
        let ours = try Fixtures.decode([String: [Row]].self, "state_dicts.json")
        return switch library {
        case .torchvision: ours.filter { $0.key.hasPrefix("resnet") }
        case .timm: ours.filter { $0.key.hasPrefix("beit") }
        case .huggingface: try Fixtures.decode(One.self, "huggingface.json").names
        case .supergradients:
            try #require(Fixtures.decode(Several.self, "layouts.json").names["supergradients"])
        case .microsoft: [:]
        }
    }

    private func rows(
        of network: any ImageClassifier, in library: WeightOrigin
    ) throws -> [Row] {
        let layout = try #require(network.architecture.counterpart(in: library)).layout
        return try layout.tensors(of: network.store)
            .map { Row($0.name, $0.tensor.shape) }
    }

    private func network(_ name: String) throws -> any ImageClassifier {
        try #require(PublishedNetwork.named(name)).architecture.makeNetwork(classes: 1000)
    }

    @Test(
        "names and shapes are theirs, all of them",
        arguments: [WeightOrigin.torchvision, .timm, .huggingface, .supergradients])
    func names(_ library: WeightOrigin) throws {
        var compared = 0
        for (name, expected) in try lists(library) where PublishedNetwork.named(name) != nil {
            let ours = try rows(of: network(name), in: library)
            #expect(Set(ours) == Set(expected), "\(name)")
            #expect(ours.count == expected.count, "\(name)")
            compared += 1
        }
        #expect(compared > 0)
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
        arguments: WeightOrigin.allCases)
    func roundTrip(_ library: WeightOrigin) throws {
        let folder = try TemporaryFolder()
        for architecture in [Architecture.resnet(.layers18), .microBEiT] {
            guard let (_, layout) = architecture.counterpart(in: library) else { continue }
            let network = try architecture.makeNetwork(classes: 3)
            try Fixtures.fill(network)
            let tensors = try layout.tensors(of: network.store)
            let file = try folder.file(
                Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) }))
            let other = try architecture.makeNetwork(classes: 3)
            _ = try other.load(file)
            #expect(try other.store.values() == network.store.values())
        }
    }
}
