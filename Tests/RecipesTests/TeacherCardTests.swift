import Foundation
import Models
import StrictYAML
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
        let network = try #require(card.network)
        #expect(
            network.architecture
                == Architecture(
                    BEiTConfiguration(
                        imageSize: 32, patch: 4, width: 96, depth: 6, heads: 4, mlpRatio: 4,
                        layerScale: 0.1)))
        #expect(card.classes == 10)
        #expect(network.preprocessing.resize == 36)
        #expect(network.preprocessing.interpolation == .bicubic)
        #expect(card.weights?.file == "/exp/w.safetensors")
        #expect(card.weights?.sha256 == Self.digest)
        #expect(card.source == "made here")
        #expect(card.top1 == 97.5)
    }

    @Test("weights say how they are read and where they come from, if they say it")
    func weights() throws {
        func card(_ more: String) throws -> TeacherCard {
            try TeacherCard(
                parsing: Self.card.replacingOccurrences(
                    of: "\(Self.digest)}", with: "\(Self.digest)\(more)}"), path: "/exp/t.yaml")
        }
        let plain = try card("")
        #expect(plain.weights?.layout == nil && plain.weights?.entry == nil)
        #expect(!plain.yaml.contains("layout") && !plain.yaml.contains("url"))
        let whole = try card(
            ", layout: huggingface, entry: model_ema, url: \"https://example.org/w.pth\"")
        #expect(whole.weights?.layout == .huggingface)
        #expect(whole.weights?.entry == "model_ema")
        #expect(whole.weights?.url == "https://example.org/w.pth")
        #expect(try TeacherCard(parsing: whole.yaml, path: "/exp/t.yaml") == whole)
        // Another set of tensors of the same file gives other responses; a layout does not.
        #expect(plain.weightsIdentity(digest: Self.digest) == Self.digest)
        #expect(try card(", layout: timm").weightsIdentity(digest: Self.digest) == Self.digest)
        #expect(whole.weightsIdentity(digest: Self.digest) != Self.digest)
        #expect(whole.fingerprintLine == plain.fingerprintLine)
        #expect(
            message("sha256: \(Self.digest)", "sha256: null, url: ftp://example.org/w")
                == "t.yaml:6:54: weights.url: expected an address that begins with https:// or "
                + "http://, or none, found 'ftp://example.org/w'")
        #expect(
            message("sha256: \(Self.digest)", "sha256: null, layout: caffe")
                == "t.yaml:6:57: weights.layout: expected one of timm, torchvision, huggingface, "
                + "microsoft, supergradients, facebook, efficientnet-lite-pytorch, or none, found "
                + "'caffe'")
    }

    @Test("classes are a number, a list of names, or a file of them as data sets have it")
    func classNames() throws {
        func card(_ classes: String, in folder: String = "/exp") throws -> TeacherCard {
            try TeacherCard(
                parsing: Self.card.replacingOccurrences(
                    of: "classes: 10", with: "classes: \(classes)"),
                path: "\(folder)/t.yaml")
        }
        #expect(try card("10").classNames == nil)
        let listed = try card("[no, \"tench, fish\", 7]")
        #expect(listed.classes == 3)
        #expect(listed.classNames == ["no", "tench, fish", "7"])
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-classes-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func write(_ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/names.txt"))
        }
        for text in ["tench\ngoldfish\n", "tench\r\ngoldfish", "tench\ngoldfish"] {
            try write(text)
            #expect(try card("names.txt", in: folder).classNames == ["tench", "goldfish"])
        }
        func refusal(_ classes: String) -> String {
            RecipesTests.message { try card(classes, in: folder) }
                .replacingOccurrences(of: folder, with: "…")
        }
        let place = "…/t.yaml:3:10: classes: "
        try write("tench\n\ngoldfish\n")
        #expect(refusal("names.txt") == place + "…/names.txt: the name of class 1 is empty")
        try write("tench\ngoldfish\ntench\n")
        #expect(
            refusal("names.txt")
                == place + "…/names.txt: classes 0 and 2 have the same name 'tench'")
        #expect(refusal("other.txt") == place + "…/other.txt: No such file or directory")
        #expect(refusal("[a, a]") == place + "classes 0 and 1 have the same name 'a'")
        #expect(refusal("[a]") == place + "1 names; 2 to 1000000 are possible")
        #expect(refusal("[a, [b]]").contains("a list of names, or a file of names, found"))
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
        #expect(
            card.network?.architecture == Architecture(ResNetConfiguration(depth: .layers101)))
        #expect(card.kind == "resnet")
        #expect(card.weights?.sha256 == nil && card.top1 == nil)
    }

    @Test("what is wrong is named with its place")
    func errors() {
        #expect(
            message("kind: beit", "kind: swin")
                == "t.yaml:2:7: kind: expected one of beit, vit, resnet, efficientnet_lite, "
                + "mobilenet_v3, convnext, aotinductor, torchscript, ensemble, precomputed, found "
                + "'swin'")
        #expect(
            message("kind: beit", "kind: resnet")
                .contains(
                    "t.yaml:4:16: unknown key 'image_size' in architecture; known: block, depth, "
                        + "downsample, group_width, groups, stem\n"))
        let resnet = Self.card.replacingOccurrences(of: "kind: beit", with: "kind: resnet")
            .replacing(/architecture: .*/, with: "architecture: {depth: 51}")
        #expect(
            RecipesTests.message { try TeacherCard(parsing: resnet, path: "t.yaml") }
                == "t.yaml:4:23: architecture.depth: expected one of 18, 34, 50, 101, 152, or a "
                + "list of the blocks of each of four stages, found '51'")
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

    @Test("all that is wrong is told at once, from the top to the end") func all() {
        let text = """
            name: a b
            kind: beit
            classes: 1
            architecture: {image_size: 32, patch: 5, width: 96, depth: 0, heads: 5, mlp_ratio: 4}
            preprocessing: {size: 32, resize: 16, interpolation: cubic, mean: [0.5], std: [1, 1, 1]}
            weights: {file: ~/w, sha256: abc}
            top1: 975
            top5: 99
            """
        let lines = RecipesTests.message { try TeacherCard(parsing: text, path: "t.yaml") }
            .split(separator: "\n")
        let starts = [
            "1:1: missing key 'source' in the teacher card: a text",
            "1:7: name: expected a name of letters",
            "3:10: classes: expected a whole number from 2",
            "4:15: missing key 'layer_scale' in architecture",
            "4:60: architecture.depth: expected",
            "5:35: preprocessing.resize 16 is less than preprocessing.size 32",
            "5:54: preprocessing.interpolation: expected",
            "5:67: preprocessing.mean: expected a list of 3",
            "6:17: weights.file: '~' is not expanded",
            "6:30: weights.sha256: expected 64 hexadecimal digits",
            "7:7: top1: expected a number",
            "8:1: unknown key 'top5' in the teacher card",
        ]
        #expect(lines.count == starts.count, "\(lines.joined(separator: "\n"))")
        for (line, start) in zip(lines, starts) {
            #expect(line.hasPrefix("t.yaml:\(start)"), "\(line)")
        }
    }

    @Test("what cannot be read leads to no second error") func noFollowUps() {
        for (old, new) in [
            ("kind: beit", "kind: swin"), ("classes: 10", "classes: many"),
            ("image_size: 32", "image_size: 0"), ("{size: 32", "{size: 0"),
            ("resize: 36", "resize: none"), ("heads: 4", "heads: four"),
            ("weights: {", "weights: w # {"),
        ] {
            let told = message(old, new)
            #expect(!told.isEmpty && !told.contains("\n"), "\(told)")
        }
        let responses = Self.card.replacingOccurrences(of: "kind: beit", with: "kind: precomputed")
        #expect(
            RecipesTests.message { try TeacherCard(parsing: responses, path: "t.yaml") }
                .split(separator: "\n").map { String($0.prefix(40)) } == [
                    "t.yaml:1:1: missing key 'responses' in t",
                    "t.yaml:4:1: unknown key 'architecture' i",
                    "t.yaml:5:1: unknown key 'preprocessing' ",
                ])
    }

    @Test("dimensions that would make no network, or none that fits, are refused")
    func dimensions() {
        #expect(
            message("mlp_ratio: 4", "mlp_ratio: 1e300")
                == "t.yaml:4:84: architecture.mlp_ratio: expected a number above 0 and at most 64, "
                + "found '1e300'")
        #expect(
            message("mlp_ratio: 4", "mlp_ratio: 0.01")
                == "t.yaml:4:84: architecture.mlp_ratio 0.01 leaves no channel of width 96")
        #expect(
            message("layer_scale: 0.1", "layer_scale: 1e300")
                == "t.yaml:4:100: architecture.layer_scale: expected a number above 0 and at most "
                + "100, found '1e300'")
        #expect(
            message("width: 96", "width: 65536")
                == "t.yaml:4:49: the network would have 309247219050 parameters; at most "
                + "5000000000 are made")
        #expect(
            message("width: 96", "width: 1099511627776")
                == "t.yaml:4:49: architecture.width: expected a whole number from 1 to 65536, "
                + "found '1099511627776'")
        #expect(
            message("depth: 6", "depth: 1000000000")
                == "t.yaml:4:60: architecture.depth: expected a whole number from 1 to 1000, found "
                + "'1000000000'")
        #expect(
            message("patch: 4", "patch: 64")
                == "t.yaml:4:39: architecture.image_size 32 is not a multiple of patch 64")
        #expect(
            message("classes: 10", "classes: 0")
                == "t.yaml:3:10: classes: expected a whole number from 2 to 1000000, a list of names, or "
                + "a file of names, found '0'")
        let large = Self.card.replacingOccurrences(of: "size: 32", with: "size: 16384")
            .replacingOccurrences(of: "resize: 36", with: "resize: 16384")
            .replacingOccurrences(of: "patch: 4", with: "patch: 16")
        #expect(
            RecipesTests.message { try TeacherCard(parsing: large, path: "t.yaml") }
                == "t.yaml:4:42: 1048577 tokens of patch 16 would take 4398054899716 attention "
                + "weights an image; at most 2000000000 are computed")
        #expect(
            message("std: [0.5, 0.5, 0.5]", "std: [0.5, 1e-300, 0.5]")
                == "t.yaml:5:97: preprocessing.std: expected a list of 3, each a number from 0.001 "
                + "to 1000, found '1e-300'")
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
            card.subject
                == .responses(
                    .init(
                        dataset: "a/logits", keys: nil, values: .probabilities, temperature: 2.5)))
        #expect(card.weights?.file == "/exp/w.h5")
        let both = text + "\npreprocessing: {size: 32}"
        #expect(
            RecipesTests.message { try TeacherCard(parsing: both, path: "t.yaml") }
                .hasPrefix("t.yaml:7:1: unknown key 'preprocessing' in the teacher card; known: "))
        #expect(
            message("top1: 97.5", "responses: {}")
                .hasPrefix("t.yaml:8:1: unknown key 'responses' in the teacher card; known: "))
    }
}

@Suite("Names and cards") struct CardsOfNamesTests {
    @Test("the micro BEiT is the one that its card describes") func micro() throws {
        let card = try TeacherCard(
            contentsOf: "\(repository)/teachers/beit_micro_patches.yaml")
        let named = try #require(PublishedNetwork.named("beit_micro_patch4_32"))
        #expect(card.network?.architecture == named.architecture)
    }

    @Test("every card of the repository can be read, and is of the network that it is named for")
    func repositoryCards() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(repository)/teachers")
            .filter { $0.hasSuffix(".yaml") }
        var kinds: Set<String> = []
        for file in files {
            let card = try TeacherCard(contentsOf: "\(repository)/teachers/\(file)")
            let architecture = try #require(card.network?.architecture, "\(file)")
            kinds.insert(architecture.kind)
            guard let named = PublishedNetwork.named(card.name) else { continue }
            #expect(architecture == named.architecture, "\(file)")
            // What others published can be fetched, or be known by its digest.
            let weights = try #require(card.weights)
            guard let url = weights.url else {
                #expect(weights.sha256 != nil, "\(file)")
                continue
            }
            #expect(url.hasPrefix("https://") && !card.source.contains("://"), "\(file)")
            // Of PyTorch's files the name holds the beginning of the digest.
            let name = weights.file.split(separator: "/").last.map(String.init) ?? ""
            #expect(
                url.hasSuffix(name.hasSuffix(".pth") ? "/\(name)" : "/model.safetensors"), "\(file)"
            )
        }
        #expect(kinds == Set(Architecture.families.map { $0.kind }))
    }

    @Test("an architecture is written as cards have it") func written() throws {
        for name in PublishedNetwork.names {
            let named = try #require(PublishedNetwork.named(name))
            let entries: [YAMLValue.Entry] = [
                .init("name", .text(name)), .init("kind", .text(named.architecture.kind)),
                .init("classes", .text("1000")),
                .init("architecture", .flow(named.architecture.entries)),
                .init("preprocessing", .block(named.preprocessing.entries())),
                .init(
                    "weights", .flow([.init("file", .text("/w")), .init("sha256", .text("null"))])),
                .init("source", .text("here")),
            ]
            let card = try TeacherCard(parsing: entries.yaml, path: "t.yaml")
            #expect(card.network?.architecture == named.architecture)
            #expect(card.network?.preprocessing == named.preprocessing)
        }
    }
}

@Suite("A card of responses as YAML") struct TeacherCardYAMLTests {
    private func card(_ text: String, isName: Bool) -> TeacherCard {
        TeacherCard(
            name: isName ? text : "images", classes: 5,
            responses: .init(dataset: text, keys: text, values: .logits, temperature: 2.5),
            file: "/data/\(text).h5", sha256: String(repeating: "0", count: 64),
            source: "imported from \(text)")
    }

    @Test(
        "a card reads back whatever its texts are",
        arguments: [
            ("384", true), ("nan", true), ("on", true), ("y", true), ("2024", true),
            ("1e3", true), ("null", true), ("1_000", true), ("2024-01-01", true), ("0x1F", true),
            ("0o17", true), ("-", true), ("-1", true), ("resnet50", true), ("~", false),
            (".inf", false), ("a: b", false), ("a #b", false), ("#", false), ("- a", false),
            ("{a}", false), ("\"q\" \\ 'q'", false), ("a\nb", false), ("a\tb", false),
            ("\u{7F}\u{85}\u{9F}\u{2028}\u{2029}\u{202E}\u{FEFF}\u{FFFE}", false),
            ("é中🙂", false), (" a ", false), ("%a", false), ("@a", false), ("!a", false),
        ])
    func roundTrip(_ text: String, isName: Bool) throws {
        let card = card(text, isName: isName)
        let yaml = card.yaml
        #expect(try TeacherCard(parsing: yaml, path: "/data/card.yaml") == card, "\(yaml)")
    }

    @Test("names of classes are written") func classNames() throws {
        var card = card("images", isName: true)
        card.outputNames = ["a", "b", "no", "0", "e: f"]
        let yaml = card.yaml
        #expect(try TeacherCard(parsing: yaml, path: "/data/card.yaml") == card, "\(yaml)")
    }

    @Test("a network's card reads back", arguments: ["resnet34", "beit_micro_patch4_32"])
    func network(_ model: String) throws {
        let published = try #require(PublishedNetwork.named(model))
        let card = TeacherCard(
            name: "a", classes: 3, classNames: ["b", "c", "0"],
            network: .init(
                architecture: published.architecture, preprocessing: published.preprocessing),
            file: "best.safetensors", sha256: String(repeating: "0f", count: 32),
            source: "trained: here", top1: 71.25)
        var read = try TeacherCard(parsing: card.yaml, path: "/run/card.yaml")
        #expect(read.weights?.file == "/run/best.safetensors")
        read.weights = card.weights
        #expect(read == card, "\(card.yaml)")
    }
}
