import Testing
import Torch

@testable import Models

@Suite("Network families") struct NetworkFamilyTests {
    private static let beit = BEiTConfiguration(
        imageSize: 224, patch: 16, width: 768, depth: 12, heads: 12, mlpRatio: 4, layerScale: 0.1)

    @Test("kinds are those of cards, and names are nobody else's") func kinds() {
        #expect(
            Architecture.families.map { $0.kind } == [
                "beit", "vit", "resnet", "efficientnet_lite", "mobilenet_v3", "convnext",
            ])
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
        for depth in ResNetConfiguration.Depth.published {
            #expect(Architecture.resnet(depth).fingerprintLine == "resnet depth=\(depth.text)")
        }
    }

    @Test("what a key adds to a family is in the line, and in a card, where it is no default")
    func addedKeys() {
        var shared = Self.beit
        shared.positionBias = .shared
        #expect(
            Architecture(shared).fingerprintLine
                == Architecture(Self.beit).fingerprintLine + " position_bias=shared")
        let wide = ResNetConfiguration(depth: .blocks([3, 4, 6, 3]), groupWidth: 128)
        #expect(
            Architecture(wide).fingerprintLine == "resnet depth=[3, 4, 6, 3] group_width=128")
        #expect(Architecture(wide).entries.map(\.key) == ["depth", "group_width"])
        #expect(Architecture.resnet(.layers50).entries.map(\.key) == ["depth"])
    }

    @Test("the fingerprint's lines of the later families say what a logit depends on")
    func laterLines() throws {
        for (name, line) in [
            (
                "vit_tiny_patch16_224",
                "vit image_size=224 patch=16 width=192 depth=12 heads=3 layer_scale=none"
            ),
            (
                "deit3_small_patch16_384",
                "vit image_size=384 patch=16 width=384 depth=12 heads=6 layer_scale=some "
                    + "token_positions=false"
            ),
            ("resnet26d", "resnet depth=[2, 2, 2, 2] stem=deep downsample=average_pool"),
            ("tf_efficientnet_lite1", "efficientnet_lite width=1 depth=1.1"),
            ("mobilenet_v3_small", "mobilenet_v3 size=small"),
            ("convnext_tiny", "convnext depths=[3, 3, 9, 3] widths=[96, 192, 384, 768]"),
        ] {
            #expect(PublishedNetwork.named(name)?.architecture.fingerprintLine == line)
        }
    }

    @Test("dimensions that make no network are refused before anything is allocated")
    func faults() {
        func message(_ architecture: Architecture) -> String? {
            architecture.fault(classes: 10)?.message
        }
        #expect(
            message(Architecture(ResNetConfiguration(depth: .layers18, groups: 2)))
                == "architecture.groups needs bottlenecks; the blocks are basic")
        #expect(
            message(
                Architecture(
                    ViTConfiguration(
                        imageSize: 224, patch: 16, width: 192, depth: 2, heads: 3, pool: .mean,
                        distilled: true)))
                == "architecture.pool must be token where distilled is true")
        for huge in [
            Architecture(
                ResNetConfiguration(depth: .blocks([1000, 1000, 1000, 1000]), groupWidth: 4096)),
            Architecture(
                ViTConfiguration(imageSize: 32, patch: 16, width: 65_536, depth: 9, heads: 1)),
            Architecture(EfficientNetLiteConfiguration(width: 64, depth: 64)),
            Architecture(
                ConvNeXtConfiguration(depths: [9, 9, 9, 9], widths: [1, 1, 1, 65_536])),
        ] {
            #expect(message(huge)?.hasSuffix("parameters; at most 5000000000 are made") == true)
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
        for published in Architecture.families.flatMap({ $0.published }) {
            let network = try published.architecture.outline(classes: 3)
            for layout in published.architecture.layouts {
                let files = network.store.entries.flatMap { layout.match(for: $0.name).file }
                #expect(files.count == Set(files).count, "\(published.name) \(layout.origins)")
            }
        }
    }

    @Test("a network has the layouts of those libraries that have the network") func owners() throws
    {
        func origins(_ name: String) throws -> [[WeightOrigin]] {
            try #require(PublishedNetwork.named(name)).architecture.layouts.map(\.origins)
        }
        #expect(
            try origins("vit_base_patch16_224") == [
                [.timm], [.facebook], [.torchvision], [.huggingface], [.huggingface],
            ])
        #expect(try origins("deit3_base_patch16_224") == [[.timm], [.facebook]])
        #expect(
            try origins("resnet50") == [[.torchvision, .timm], [.huggingface], [.supergradients]])
        for name in ["resnext50_32x4d", "wide_resnet50_2", "resnet50d"] {
            #expect(try origins(name) == [[.torchvision, .timm]])
        }
        #expect(try origins("tf_efficientnet_lite3") == [[.timm], [.efficientNetLite]])
        // A distilled DeiT is written as Hugging Face's with a teacher, not as its ViT.
        let distilled = try #require(PublishedNetwork.named("deit_tiny_distilled_patch16_224"))
        let head = try distilled.architecture.layouts(of: .huggingface)
            .map { $0.match(for: "head.weight").file[0] }
        #expect(head == ["cls_classifier.weight", "cls_classifier.weight"])
    }

    @Test("a ratio of channels gives them back, whatever is rounded") func ratios() {
        for width in [36, 192, 384, 768, 1000] {
            #expect(
                (1...3 * width).allSatisfy { channels in
                    let ratio = Double.ratio(of: channels, to: width)
                    return (Double(width) * ratio).rounded(.down) == Double(channels)
                })
        }
    }

    @Test("an outline has names and shapes, and takes no numbers") func outline() throws {
        let large = try #require(PublishedNetwork.named("beit_large_patch16_512")).architecture
            .outline(classes: 1000)
        #expect(large.store.parameters.reduce(0) { $0 + $1.tensor.count } == 305_674_728)
        let small = try Architecture.resnet(.layers18).outline(classes: 3)
        let drawn = try Architecture.resnet(.layers18).makeNetwork(classes: 3)
        #expect(throws: TorchError.self) { try small.store.load(tensors: drawn.store.tensors) }
    }
}
