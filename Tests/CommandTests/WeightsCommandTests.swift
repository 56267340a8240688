import Base
import Foundation
import Models
import Testing
import Torch

/// Weights as other libraries leave them, through the commands that a user calls.
@Suite("Weights of other libraries") struct WeightsCommandTests {
    private static let labels = ["stripes", "bars", "rising", "falling"]

    /// A network of four classes whose logits are told apart.
    private static func network() throws -> any ImageClassifier {
        let architecture = try #require(PublishedNetwork.named("resnet18")).architecture
        return try architecture.makeNetwork(classes: 4, seed: 7)
    }

    private static func config(labels: [String] = labels) -> String {
        let pairs = labels.enumerated().map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
        return """
            {"architectures": ["ResNetForImageClassification"], "model_type": "resnet",
             "num_channels": 3, "embedding_size": 64, "hidden_sizes": [64, 128, 256, 512],
             "depths": [2, 2, 2, 2], "layer_type": "basic", "hidden_act": "relu",
             "downsample_in_first_stage": false, "id2label": {\(pairs)}}
            """
    }

    private static let processor = """
        {"crop_pct": 0.875, "do_normalize": true, "do_resize": true,
         "feature_extractor_type": "ConvNextFeatureExtractor",
         "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
         "resample": 3, "size": 32}
        """

    /// A Hugging Face directory in a folder of tests, in one file of weights or in two with an index.
    private func directory(
        _ folder: Folder, _ name: String = "resnet-18", isSharded: Bool = false
    ) throws -> any ImageClassifier {
        let network = try Self.network()
        let tensors = try network.architecture.layouts(of: .huggingface)[0]
            .tensors(of: network.store).map { ($0.name, $0.tensor) }
        try folder.write("\(name)/config.json", Data(Self.config().utf8))
        try folder.write("\(name)/preprocessor_config.json", Data(Self.processor.utf8))
        let path = "\(folder.path)/\(name)"
        guard isSharded else {
            try SafetensorsFile.write(
                tensors, metadata: ["format": "pt"], to: "\(path)/model.safetensors")
            return network
        }
        let half = tensors.count / 2
        var map: [String] = []
        for (index, part) in [tensors[..<half], tensors[half...]].enumerated() {
            let file = "model-0000\(index + 1)-of-00002.safetensors"
            try SafetensorsFile.write(Array(part), to: "\(path)/\(file)")
            map += part.map { "\"\($0.0)\": \"\(file)\"" }
        }
        try folder.write(
            "\(name)/model.safetensors.index.json",
            Data("{\"metadata\": {}, \"weight_map\": {\(map.joined(separator: ","))}}".utf8))
        return network
    }

    private func pickle(_ name: String) throws -> Data {
        try Data(contentsOf: Repository.url("Tests/Fixtures/torch/pickles/\(name)"))
    }

    @Test("a Hugging Face directory is a card, weights and a beginning", arguments: [false, true])
    func directory(isSharded: Bool) throws {
        let folder = try Folder()
        let network = try directory(folder, isSharded: isSharded)
        try network.store.save(to: "\(folder.path)/own.safetensors")
        let eval = ["eval", "--data", "val", "--json"]
        let own = try Program.run(
            eval + [
                "--model", "resnet18", "--weights", "own.safetensors", "--size", "32", "--resize",
                "36", "--interpolation", "bicubic",
            ], in: folder)
        #expect(own.status == 0, "\(own.errors)")
        let top1 = try #require(own.output.firstMatch(of: /"top1":[0-9.]+/)?.output)
        for choice in [["--teacher"], ["--weights"], ["--model"]] {
            let outcome = try Program.run(eval + choice + ["resnet-18"], in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains(top1), "\(outcome.output)")
            #expect(outcome.errors.contains("the tensors have Hugging Face's names"))
        }
        let predict = try Program.run(
            ["predict", "--teacher", "resnet-18", "val/c0/0.jpg"], in: folder)
        #expect(Self.labels.contains { predict.output.contains($0) }, "\(predict.output)")
        let train = try Program.run(
            [
                "train", "--recipe", "base.yaml", "--out", "run", "--max-steps", "1", "--init",
                "resnet-18",
            ], in: folder)
        #expect(train.status == 0, "\(train.errors)")
        // Its labels are words for the data's folders.
        let cache = try Program.run(
            [
                "cache", "build", "--recipe", "student.yaml", "--set", "teacher.card=resnet-18",
                "--set", "cache.epochs=1", "--cache", "cache",
            ], in: folder)
        #expect(cache.status == 0, "\(cache.errors)")
    }

    @Test("what is wrong with a directory is said with its file") func faults() throws {
        let folder = try Folder()
        _ = try directory(folder)
        func problem(_ file: String, _ text: String) throws -> String {
            let kept = try folder.data("resnet-18/\(file)")
            defer { try? folder.write("resnet-18/\(file)", kept) }
            try folder.write("resnet-18/\(file)", Data(text.utf8))
            let outcome = try Program.run(
                ["eval", "--teacher", "resnet-18", "--data", "val"], in: folder)
            #expect(outcome.status == 1)
            return outcome.lastError.replacingOccurrences(of: "Error: resnet-18/", with: "")
        }
        #expect(
            try problem("config.json", "{\"model_type\": \"swin\"}")
                == "config.json: 'model_type' is 'swin'; known: beit, convnext, deit, resnet, "
                + "vit")
        #expect(
            try problem("config.json", Self.config().replacing("false", with: "true"))
                == "config.json: 'downsample_in_first_stage' is true; only false is known")
        #expect(
            try problem("config.json", Self.config().replacing("\"1\": ", with: "\"9\": "))
                == "config.json: 'id2label' has 4 classes, but none of number 1")
        #expect(try problem("config.json", "[").hasPrefix("config.json: not valid JSON"))
        #expect(
            try problem("preprocessor_config.json", Self.processor.replacing("3,", with: "1,"))
                == "preprocessor_config.json: 'resample' is 1; known: 2 (bilinear) and 3 (bicubic)")
        let more = Self.config(labels: Self.labels + ["none"])
        #expect(
            try problem("config.json", more)
                .contains("the network has 5 classes, the weights 4"))
    }

    @Test("inspect says what a file is, of any kind, and json lists its tensors") func inspect()
        throws
    {
        let folder = try Folder()
        _ = try directory(folder)
        try folder.write("checkpoint.pth", pickle("checkpoint-legacy.pth"))
        let text = try Program.run(["weights", "inspect", "checkpoint.pth"], in: folder)
        #expect(text.status == 0)
        #expect(
            text.output.hasPrefix(
                "checkpoint.pth: a pickle of torch.save before PyTorch 1.6, 1.53 kB\n"
                    + "  tensors     2 of 8 numbers, float32 2\n"
                    + "  looks like  nothing that is known\n"
                    + "  note        the weights are its entry 'model'; left aside: 'model_ema', "),
            "\(text.output)")
        let json = try Program.run(
            ["weights", "inspect", "resnet-18", "--verify", "--json"], in: folder)
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["format"] as? String == "safetensors")
        #expect((object["tensors"] as? [Any])?.count == 122)
        let looks = try #require(object["looks_like"] as? [String: Any])
        #expect(looks["network"] as? String == "resnet18")
        #expect(looks["layout"] as? [String] == ["huggingface"])
        #expect(looks["classes"] as? Int == 4)
        let told = try #require(object["directory"] as? [String: Any])
        #expect(told["resize"] as? Int == 36 && told["interpolation"] as? String == "bicubic")
    }

    @Test("of several sets of tensors one is named by --entry, which the error says") func entries()
        throws
    {
        let folder = try Folder()
        try folder.write("averages.pth", pickle("averages.pth"))
        let inspect = ["weights", "inspect", "averages.pth"]
        #expect(
            try Program.run(inspect, in: folder).lastError
                == "Error: weights: averages.pth: holds tensors under 'state_dict_ema'; name the entry "
                + "that is meant: pass --entry KEY")
        let told = try Program.run(inspect + ["--entry", "state_dict_ema"], in: folder)
        #expect(told.status == 0 && told.output.contains("tensors     2 of 8 numbers"))
    }

    @Test("convert keeps every bit, and --to gives another library's names") func convert() throws {
        let folder = try Folder()
        let network = try directory(folder)
        let convert = ["weights", "convert", "resnet-18", "--out", "out.safetensors"]
        let outcome = try Program.run(convert + ["--to", "supergradients"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let written = try SafetensorsFile(path: "\(folder.path)/out.safetensors")
        #expect(written.names.contains("layer2.0.shortcut.0.weight"))
        #expect(written.names.contains("linear.weight"))
        #expect(written.seal != nil)
        let own = try Self.network()
        #expect(try own.load(written).count == 1)
        for (one, other) in zip(own.store.entries, network.store.entries) {
            #expect(try one.tensor.to(.float32).floats() == other.tensor.to(.float32).floats())
        }
        #expect(try WeightsDescription(of: written).classes == Self.labels)
        try folder.write("sound.pth", pickle("sound.pth"))
        let plain = try Program.run(
            ["weights", "convert", "sound.pth", "--out", "plain.safetensors"], in: folder)
        #expect(plain.status == 0, "\(plain.errors)")
        let file = try SafetensorsFile(path: "\(folder.path)/plain.safetensors")
        #expect(file.info("half")?.dtype == .float16 && file.info("turned")?.shape == [6, 4])
        let other = try Program.run(
            ["weights", "convert", "sound.pth", "--out", "x.safetensors", "--to", "timm"],
            in: folder)
        #expect(other.status == 1)
        #expect(
            other.lastError
                == "Error: sound.pth: looks like no network that this program has; leave out --to to "
                + "keep the names")
        #expect(!folder.exists("x.safetensors"))
    }

    @Test("a small ViT's and a ConvNeXt's directories answer, and become torchvision's")
    func kinds()
        throws
    {
        let folder = try Folder()
        let labels = Self.labels.enumerated().map { "\"\($0)\": \"\($1)\"" }
            .joined(separator: ", ")
        let networks: [(name: String, architecture: Architecture, config: String)] = [
            (
                "vit",
                Architecture(
                    ViTConfiguration(imageSize: 32, patch: 8, width: 64, depth: 2, heads: 1)),
                """
                {"model_type": "vit", "hidden_act": "gelu", "hidden_size": 64, "image_size": 32,
                 "intermediate_size": 256, "num_attention_heads": 1, "num_hidden_layers": 2,
                 "patch_size": 8, "id2label": {\(labels)}}
                """
            ),
            (
                "convnext",
                Architecture(
                    ConvNeXtConfiguration(depths: [1, 1, 2, 1], widths: [8, 16, 24, 32])),
                """
                {"model_type": "convnext", "depths": [1, 1, 2, 1], "hidden_act": "gelu",
                 "hidden_sizes": [8, 16, 24, 32], "id2label": {\(labels)}}
                """
            ),
        ]
        for (name, architecture, config) in networks {
            let network = try architecture.makeNetwork(classes: 4, seed: 7)
            let tensors = try architecture.layouts(of: .huggingface)[0].tensors(of: network.store)
                .map { ($0.name, $0.tensor) }
            try folder.write("\(name)/config.json", Data(config.utf8))
            try folder.write("\(name)/preprocessor_config.json", Data(Self.processor.utf8))
            try SafetensorsFile.write(tensors, to: "\(folder.path)/\(name)/model.safetensors")
            let predict = try Program.run(
                ["predict", "--teacher", name, "val/c0/0.jpg"], in: folder)
            #expect(predict.status == 0, "\(predict.errors)")
            #expect(Self.labels.contains { predict.output.contains($0) }, "\(predict.output)")
            let convert = try Program.run(
                [
                    "weights", "convert", name, "--out", "\(name).safetensors", "--to",
                    "torchvision",
                ], in: folder)
            #expect(convert.status == 0, "\(convert.errors)")
            // Recognized without the directory, in the other library's names and shapes.
            let inspect = try Program.run(
                ["weights", "inspect", "\(name).safetensors"], in: folder)
            #expect(
                inspect.output.contains(
                    "looks like  \(architecture.fingerprintLine) with torchvision's names, 4 classes"
                ), "\(inspect.output)")
        }
        let scales = try SafetensorsFile(path: "\(folder.path)/convnext.safetensors")
        #expect(scales.info("features.5.1.layer_scale")?.shape == [24, 1, 1])
    }

    @Test("hostile files end every command in one line, and run nothing") func hostile() throws {
        let folder = try Folder()
        let network = try Self.network()
        let sound = network.store.entries.map { ($0.name, $0.tensor) }
        /// The network's file with another tensor of one name.
        func file(_ name: String, _ tensor: Tensor) throws -> Data {
            let tensors = sound.map { $0.0 == name ? (name, tensor) : $0 }
            try SafetensorsFile.write(tensors, to: "\(folder.path)/w.safetensors")
            return try folder.data("w.safetensors")
        }
        /// A file of a header and some bytes of numbers.
        func headed(length: UInt64? = nil, _ header: String, _ count: Int) -> Data {
            let length = withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) {
                Data($0)
            }
            return length + Data(header.utf8) + Data(count: count)
        }
        let bias = try Tensor([0, .nan, 1, 2] as [Float], shape: [4])
        let whole = try file("fc.bias", Tensor.zeros([4]))
        let files: [(name: String, data: Data, text: String)] = [
            ("system.pth", try pickle("system.pth"), "is made by posix.system, which is never run"),
            (
                "legacy.pth", try pickle("system-legacy.pth"),
                "is made by posix.system, which is never run"
            ),
            (
                "cut.pth", try pickle("sound.pth").prefix(2000),
                "a zip archive whose directory is missing: truncated"
            ),
            (
                "long.safetensors", headed(length: 1 << 60, "{}", 0),
                "its header claims 1152921504606846976 bytes"
            ),
            (
                "cut.safetensors", whole.prefix(whole.count / 2),
                ": the file is truncated or hostile"
            ),
            (
                "overlap.safetensors",
                headed(
                    """
                    {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                     "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}
                    """, 12), "'b' overlaps 'a'"
            ),
            (
                "nan.safetensors", try file("fc.bias", bias),
                "'fc.bias': 1 of 4 values are NaN or infinite; the training diverged"
            ),
            (
                "shape.safetensors", try file("fc.bias", Tensor.zeros([3])),
                "'fc.bias' expected float32 [4], found float32 [3]"
            ),
        ]
        let commands = [
            ["eval", "--model", "resnet18", "--data", "val", "--weights"],
            ["train", "--recipe", "base.yaml", "--out", "run", "--init"],
            ["weights", "convert", "--to", "timm", "--out", "out.safetensors"],
        ]
        for file in files {
            try folder.write(file.name, file.data)
            for command in commands {
                let outcome = try Program.run(command + [file.name], in: folder)
                #expect(outcome.status == 1 && outcome.output.isEmpty)
                // All that is printed, on one line.
                #expect(outcome.errors.hasPrefix("Error: "), "\(outcome.errors)")
                #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
                #expect(outcome.errors.contains(file.text), "\(outcome.errors)")
            }
        }
        // What is not finite stops an inspection only where it is looked for.
        let inspect = ["weights", "inspect", "nan.safetensors"]
        #expect(try Program.run(inspect, in: folder).status == 0)
        #expect(
            try Program.run(inspect + ["--verify"], in: folder).errors
                == "Error: weights: nan.safetensors: 'fc.bias': 1 values are NaN or infinite; the "
                + "training diverged, or the file is damaged\n")
        #expect(!folder.exists("understudy-was-here"))
        #expect(!folder.exists("run") && !folder.exists("out.safetensors"))
    }

    @Test("a directory that is not understood is inspected and copied, with a line that says so")
    func unknownDirectories() throws {
        let folder = try Folder()
        _ = try directory(folder)
        try folder.write("resnet-18/config.json", Data("{\"model_type\": \"swin\"}".utf8))
        let problem =
            "resnet-18/config.json: 'model_type' is 'swin'; known: beit, convnext, deit, resnet, vit"
        let inspect = try Program.run(["weights", "inspect", "resnet-18"], in: folder)
        #expect(inspect.status == 0 && inspect.errors.isEmpty, "\(inspect.errors)")
        #expect(inspect.output.contains("  note        \(problem)\n"), "\(inspect.output)")
        let convert = ["weights", "convert", "resnet-18", "--out", "out.safetensors"]
        let copied = try Program.run(convert, in: folder)
        #expect(copied.status == 0)
        #expect(copied.errors == "\(problem); its tensors alone are taken\n")
        let written = try SafetensorsFile(path: "\(folder.path)/out.safetensors")
        #expect(written.names.count == 122 && written.metadata == ["format": "pt"])
        let turned = try Program.run(convert + ["--to", "timm"], in: folder)
        #expect(turned.status == 1 && turned.errors == "Error: \(problem)\n")
    }
}
