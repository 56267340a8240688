import Testing

@testable import Recipes

@Suite("TeacherCard") struct TeacherCardTests {
    static let digest = String(repeating: "0f", count: 32)
    static let card = """
        name: tiny
        kind: beit
        classes: 10
        architecture: {image_size: 32, patch: 4, width: 96, depth: 6, heads: 4, mlp_ratio: 4, layer_scale: 0.1}
        preprocessing: {size: 32, resize: 36, interpolation: bicubic, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}
        weights: {file: ../w.safetensors, sha256: \(digest)}
        source: made here
        top1: 97.5
        """

    func message(_ old: String, _ new: String) -> String {
        precondition(Self.card.contains(old))
        return RecipesTests.message {
            try TeacherCard(
                parsing: Self.card.replacingOccurrences(of: old, with: new), path: "t.yaml")
        }
    }

    @Test("every key arrives in its property")
    func values() throws {
        let card = try TeacherCard(parsing: Self.card, path: "/exp/teachers/t.yaml")
        #expect(card.name == "tiny")
        #expect(card.kind == "beit")
        #expect(
            card.architecture
                == .beit(
                    .init(
                        imageSize: 32, patch: 4, width: 96, depth: 6, heads: 4, mlpRatio: 4,
                        layerScale: 0.1)))
        #expect(card.classes == 10)
        #expect(card.preprocessing.resize == 36)
        #expect(card.preprocessing.interpolation == .bicubic)
        #expect(card.weightsFile == "/exp/w.safetensors")
        #expect(card.weightsSHA256 == Self.digest)
        #expect(card.source == "made here")
        #expect(card.top1 == 97.5)
    }

    @Test("a ResNet's architecture is its depth; sha256 and top1 may be null")
    func resnet() throws {
        let text = """
            name: r
            kind: resnet
            classes: 1000
            architecture: {depth: 101}
            preprocessing: {size: 224, resize: 256, interpolation: bilinear, mean: [0, 0, 0], std: [1, 1, 1]}
            weights: {file: /w, sha256: null}
            source: torchvision
            top1: null
            """
        let card = try TeacherCard(parsing: text, path: "t.yaml")
        #expect(card.architecture == .resnet(depth: 101))
        #expect(card.kind == "resnet")
        #expect(card.weightsSHA256 == nil && card.top1 == nil)
    }

    @Test("what is wrong is named with its place")
    func errors() {
        #expect(
            message("kind: beit", "kind: vit")
                == "t.yaml:2:7: kind: expected one of beit, resnet, precomputed, found 'vit'")
        #expect(
            message("kind: beit", "kind: resnet")
                == "t.yaml:4:16: unknown key 'image_size' in architecture; known: depth")
        #expect(
            message("heads: 4", "heads: 5")
                == "t.yaml:4:70: architecture.width 96 is not a multiple of heads 5")
        #expect(
            message("patch: 4", "patch: 5")
                == "t.yaml:4:39: architecture.image_size 32 is not a multiple of patch 5")
        #expect(
            message("{size: 32, resize: 36", "{size: 36, resize: 36")
                == "t.yaml:4:28: architecture.image_size 32 differs from preprocessing.size 36")
        #expect(
            message("resize: 36", "resize: 16")
                == "t.yaml:5:35: preprocessing.resize 16 is less than preprocessing.size 32")
        #expect(
            message(Self.digest, "abc")
                == "t.yaml:6:43: weights.sha256: expected 64 hexadecimal digits in lower case, "
                + "or null, found 'abc'")
        #expect(
            message("top1: 97.5", "top1: 975")
                == "t.yaml:8:7: top1: expected a number from 0 to 100, or none, found '975'")
        #expect(
            message("top1: 97.5", "top5: 99")
                .hasPrefix("t.yaml:8:1: unknown key 'top5' in the teacher card; known: "))
    }

    @Test("precomputed responses have a dataset, and no network")
    func precomputed() throws {
        let text = """
            name: logits
            kind: precomputed
            classes: 1000
            responses: {dataset: a/logits, keys: null, values: probabilities, temperature: 2.5}
            weights: {file: w.h5, sha256: null}
            source: somebody
            """
        let card = try TeacherCard(parsing: text, path: "/exp/t.yaml")
        #expect(card.kind == "precomputed")
        #expect(
            card.architecture
                == .precomputed(
                    .init(
                        dataset: "a/logits", keys: nil, values: .probabilities, temperature: 2.5)))
        #expect(card.weightsFile == "/exp/w.h5")
        let both = text + "\npreprocessing: {size: 32}"
        #expect(
            RecipesTests.message { try TeacherCard(parsing: both, path: "t.yaml") }
                .hasPrefix("t.yaml:7:1: unknown key 'preprocessing' in the teacher card; known: "))
        #expect(
            message("top1: 97.5", "responses: {}")
                .hasPrefix("t.yaml:8:1: unknown key 'responses' in the teacher card; known: "))
    }
}
