import Testing
import Torch

@testable import Models

@Suite("Network families") struct NetworkFamilyTests {
    private static let beit = BEiTConfiguration(
        imageSize: 224, patch: 16, width: 768, depth: 12, heads: 12, mlpRatio: 4, layerScale: 0.1)

    @Test("kinds are those of cards, and names are nobody else's") func kinds() {
        #expect(Architecture.families.map { $0.kind } == ["beit", "resnet"])
        let names = Architecture.families.flatMap { $0.published.map(\.name) }
        #expect(names.count == Set(names).count)
        #expect(PublishedNetwork.names == names.sorted())
        for family in Architecture.families {
            #expect(!family.published.isEmpty)
            #expect(family.published.allSatisfy { $0.architecture.kind == family.kind })
        }
    }

    // Caches of responses hold these lines: what changes one refuses them.
    @Test("the fingerprint's lines are those of the first version") func lines() {
        #expect(
            Architecture(Self.beit).fingerprintLine
                == "beit image_size=224 patch=16 width=768 depth=12 heads=12 mlp_ratio=4.0")
        var narrow = Self.beit
        narrow.mlpRatio = 2.5
        #expect(Architecture(narrow).fingerprintLine.hasSuffix(" mlp_ratio=2.5"))
        // No logit of loaded weights depends on it.
        narrow = Self.beit
        narrow.layerScale = 1e-5
        #expect(Architecture(narrow).fingerprintLine == Architecture(Self.beit).fingerprintLine)
        for depth in ResNetConfiguration.Depth.allCases {
            #expect(Architecture.resnet(depth).fingerprintLine == "resnet depth=\(depth.rawValue)")
        }
    }

    @Test("architectures are equal in family and every dimension") func equality() {
        var other = Self.beit
        other.layerScale = 1
        #expect(Architecture(Self.beit) == Architecture(Self.beit))
        #expect(Architecture(Self.beit) != Architecture(other))
        #expect(Architecture(Self.beit) != .resnet(.layers50))
        #expect(Architecture.resnet(.layers18) != .resnet(.layers50))
    }

    @Test("the parameters counted before anything is made are those of timm's networks")
    func counted() throws {
        for (size, width, depth, heads, count) in [
            (224, 768, 12, 12, 86_530_984.0), (224, 1024, 24, 16, 304_430_568),
        ] {
            let configuration = BEiTConfiguration(
                imageSize: size, patch: 16, width: width, depth: depth, heads: heads, mlpRatio: 4,
                layerScale: 0.1)
            #expect(configuration.parameters(classes: 1000) == count)
            #expect(configuration.fault(classes: 1000) == nil)
        }
    }

    @Test("every layout places every tensor once") func layouts() throws {
        for family in Architecture.families {
            let network = try #require(family.published.last).architecture.makeNetwork(classes: 3)
            for layout in family.layouts {
                let matches = network.store.entries.map { layout.match(for: $0.name) }
                let files = matches.flatMap(\.file)
                #expect(files.count == Set(files).count, "\(layout.origins)")
                #expect(layout.isOwn || Set(files).isDisjoint(with: network.store.tensors.keys))
            }
        }
    }
}
