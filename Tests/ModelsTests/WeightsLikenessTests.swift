import Testing
import Torch

@testable import Models

/// Against the lists of Tests/Fixtures/models: timm, torchvision, transformers 4 and 5, SuperGradients.
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
            ("supergradients", "beit_base_patch16_224", "beit_base_patch16_224 with timm's names"),
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

    @Test("networks of other families are told by sight, with their size") func others() {
        func rows(_ names: [String], _ width: Int = 7) -> [(name: String, shape: [Int])] {
            names.map { ($0, [1, 1, width]) }
        }
        #expect(
            Self.likeness(rows(["cls_token", "pos_embed", "blocks.0.attn.qkv.weight"], 768))?
                .description == "a ViT-Base with timm's names")
        #expect(
            Self.likeness(
                rows(
                    ["module.dist_token", "module.pos_embed", "module.blocks.0.attn.qkv.weight"],
                    384))?
                .description == "a distilled DeiT-Small with timm's names")
        #expect(
            Self.likeness(rows(["layers.0.blocks.0.attn.relative_position_bias_table"]))?
                .description
                == "a Swin transformer with timm's names")
        #expect(Self.likeness(rows(["encoder.weight"])) == nil)
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
            library == "huggingface"
            ? try Fixtures.decode(HuggingFaceTests.Expected.self, "huggingface.json").names[name]
            : try Fixtures.decode(Lists.self, "layouts.json").names[library]?[name]
        return try #require(rows).map { ($0.name, $0.shape) }
    }
}
