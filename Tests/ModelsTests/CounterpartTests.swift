import Base
import Foundation
import Testing
import Torch

@testable import Models

/// Against the libraries' own lists of tensors: Tests/Fixtures/models, make_fixtures.py for torchvision
/// and timm, make_huggingface.py, make_layouts.py, make_counterparts.py.
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
        case .microsoft, .facebook, .efficientNetLite: [:]
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

    /// A network as another library's own constructor makes it.
    struct Made: Decodable, CustomTestStringConvertible {
        let kind: String
        let architecture: String
        /// As `WeightOrigin` has it.
        let library: String
        let name: String
        /// As JSON.
        let arguments: String
        /// Nil for those of `published_states.txt`.
        let tensors: [String]?

        var testDescription: String { "\(library) \(name) \(architecture)" }

        /// What a card says of it.
        func read() throws -> Architecture {
            try FamilyTests.Case(
                name: name, kind: kind, architecture: architecture, classes: 7,
                layout: library, results: []
            ).read()
        }
    }

    static let made = try? Fixtures.decode([Made].self, "counterparts.json")

    @Test("every family has a counterpart") func complete() throws {
        let made = try #require(Self.made)
        #expect(Set(made.map(\.kind)) == Set(Architecture.families.map { $0.kind }))
    }

    @Test(
        "constructors are named, and told what makes the very network, and no more",
        arguments: CounterpartTests.made ?? [])
    func constructors(_ made: Made) throws {
        let network = try made.read().makeNetwork(classes: 7)
        let library = try #require(WeightOrigin(rawValue: made.library))
        let counterpart = try #require(network.architecture.counterpart(in: library))
        #expect(counterpart.network.name == made.name)
        let object = { (data: Data) in
            try #require(JSONSerialization.jsonObject(with: data) as? NSDictionary)
        }
        #expect(
            try object(JSONValue.object(counterpart.network.arguments).data())
                == object(Data(made.arguments.utf8)))
        guard let tensors = made.tensors else {
            #expect(counterpart.layout.isOwn)
            return
        }
        let ours = try counterpart.layout.tensors(of: network.store)
            .filter { !$0.name.hasSuffix("num_batches_tracked") }
            .map { PublishedSizeTests.line($0.name, $0.tensor) }
        let theirs = try tensors.flatMap { try PublishedSizeTests.unfolded($0[...]) }
        #expect(ours.sorted() == theirs.sorted())
    }

    @Test("libraries that lack a network have no counterpart") func missing() throws {
        func lacks(_ library: WeightOrigin, _ family: some NetworkFamily) -> Bool {
            Architecture(family).counterpart(in: library) == nil
        }
        var vit = ViTConfiguration(imageSize: 224, patch: 16, width: 768, depth: 12, heads: 12)
        #expect(!lacks(.torchvision, vit) && lacks(.supergradients, vit))
        vit.layerScale = 0.1
        #expect(lacks(.torchvision, vit) && lacks(.huggingface, vit) && !lacks(.timm, vit))
        vit.layerScale = nil
        vit.distilled = true
        #expect(lacks(.torchvision, vit) && !lacks(.huggingface, vit) && !lacks(.timm, vit))
        vit.tokenPositions = false
        #expect(lacks(.huggingface, vit) && lacks(.timm, vit))
        let groups = ResNetConfiguration(depth: .layers50, groups: 32, groupWidth: 4)
        #expect(lacks(.huggingface, groups) && lacks(.supergradients, groups))
        let deep = ResNetConfiguration(depth: .layers50, stem: .deep, downsample: .averagePool)
        #expect(lacks(.torchvision, deep) && lacks(.huggingface, deep))
        #expect(lacks(.torchvision, ResNetConfiguration(depth: .blocks([1, 1, 1, 1]))))
        #expect(lacks(.timm, EfficientNetLiteConfiguration(width: 0.5, depth: 1)))
        #expect(lacks(.timm, MobileNetV3Configuration(size: .large)))
        let widths = [256, 512, 1024, 2048]
        #expect(
            lacks(.torchvision, ConvNeXtConfiguration(depths: [3, 3, 27, 3], widths: widths)))
        func superGradients(_ name: String) throws -> String? {
            try #require(PublishedNetwork.named(name)).architecture
                .counterpart(in: .supergradients)?.network.name
        }
        // It has the first version's names alone, and no other size of images.
        #expect(try superGradients("beitv2_base_patch16_224") == "beit_base_patch16_224")
        #expect(try superGradients("beitv2_large_patch16_224") == "beit_large_patch16_224")
        #expect(try superGradients("beit_base_patch16_384") == nil)
        for library in [WeightOrigin.torchvision, .supergradients] {
            #expect(Architecture.microBEiT.counterpart(in: library) == nil)
        }
        // Whose files are read, and for whom nothing is written.
        for published in Architecture.families.flatMap({ $0.published }) {
            for origin in [WeightOrigin.microsoft, .facebook, .efficientNetLite] {
                #expect(published.architecture.counterpart(in: origin) == nil)
            }
        }
    }

    @Test(
        "what is written in any layout is read from it, bit for bit",
        arguments: FamilyTests.expected?.cases ?? [])
    func roundTrip(_ family: FamilyTests.Case) throws {
        let folder = try TemporaryFolder()
        let architecture = try family.read()
        let network = try architecture.makeNetwork(classes: 3)
        try Fixtures.fill(network)
        for layout in architecture.layouts {
            let tensors = try layout.tensors(of: network.store)
            let file = try folder.file(
                Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) }))
            let other = try architecture.makeNetwork(classes: 3)
            _ = try other.load(file)
            #expect(try other.store.values() == network.store.values(), "\(layout.origins)")
        }
    }
}
