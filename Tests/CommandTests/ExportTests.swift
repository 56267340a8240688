import Foundation
import Models
import Testing
import Torch

/// What `export --to` writes, and where. That the libraries load it, and answer as we do, is for
/// tools/check-exports to say.
@Suite("export --to") struct ExportTests {
    private static let golden =
        (0..<8).map { "golden/\($0).png" } + ["golden/golden.safetensors"]

    private func export(
        _ words: String..., to out: String = "out", in folder: Folder
    ) throws -> Program.Outcome {
        try Program.run(["export", "--run", "teacher", "--out", out] + words, in: folder)
    }

    private func json(_ name: String, in folder: Folder) throws -> NSDictionary {
        try #require(JSONSerialization.jsonObject(with: folder.data(name)) as? NSDictionary)
    }

    @Test(
        "a folder holds what its library asks for, and golden answers",
        arguments: [
            ("huggingface", ["README.md", "config.json", "preprocessor_config.json"]),
            ("timm", ["config.json"]), ("onnx", []),
        ])
    func files(_ format: String, _ files: [String]) throws {
        let folder = try Folder.prepared()
        let outcome = try export("--to", format, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let weights = format == "onnx" ? "model.onnx" : "model.safetensors"
        #expect(
            try Set(folder.contents("out").keys)
                == Set(files + [weights, "export.json"] + Self.golden))
        let facts = try json("out/export.json", in: folder)
        #expect(facts["format"] as? String == format && facts["classes"] as? Int == 4)
        #expect((facts["files"] as? [Any])?.count == files.count + 1 + Self.golden.count)
        let measured = try #require(facts["measured"] as? NSDictionary)
        let result = try json("teacher/result.json", in: folder)
        #expect(measured["top1"] as? Double == result["top1"] as? Double)
    }

    @Test("golden answers are those of predict") func golden() throws {
        let folder = try Folder.prepared()
        _ = try export("--to", "timm", in: folder)
        let file = try SafetensorsFile(path: "\(folder.path)/out/golden/golden.safetensors")
        let logits = try file.tensor("logits")
        #expect(logits.shape == [8, 4])
        #expect(try file.tensor("images").shape == [8, 3, 32, 32])
        #expect(try file.tensor("pixels").shape == [8, 32, 32, 3])
        // The images have the crop's size, so that only the resize is left to leave out.
        let outcome = try Program.run(
            ["predict", "--run", "teacher", "--resize", "32", "--json", "--logits"]
                + (0..<8).map { "out/golden/\($0).png" }, in: folder)
        let answers = try outcome.output.split(separator: "\n").flatMap { line in
            let answer = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let logits = (answer as? NSDictionary)?["logits"] as? [Double]
            return try #require(logits)
        }
        let ours = try logits.floats().map(Double.init)
        #expect(answers.count == ours.count)
        #expect(zip(answers, ours).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test("Hugging Face's files say classes, image size, and mean and deviation")
    func huggingFace() throws {
        let folder = try Folder.prepared()
        _ = try export("--to", "huggingface", in: folder)
        let config = try json("out/config.json", in: folder)
        #expect(config["architectures"] as? [String] == ["BeitForImageClassification"])
        #expect(
            config["id2label"] as? [String: String] == ["0": "c0", "1": "c1", "2": "c2", "3": "c3"])
        #expect(config["layer_norm_eps"] as? Double == 1e-6 && config["hidden_size"] as? Int == 64)
        let images = try json("out/preprocessor_config.json", in: folder)
        #expect(images["size"] as? [String: Int] == ["shortest_edge": 36])
        #expect(images["crop_size"] as? [String: Int] == ["height": 32, "width": 32])
        #expect(images["image_mean"] as? [Double] == [0.485, 0.456, 0.406])
        #expect(images["resample"] as? Int == 2)
        let card = String(decoding: try folder.data("out/README.md"), as: UTF8.self)
        #expect(card.hasPrefix("---\nlibrary_name: transformers\n"))
        #expect(card.contains("\nmodel-index:\n- name: teacher\n"))
        #expect(!card.contains(folder.path), "a card names no path of this machine")
        let weights = try SafetensorsFile(path: "\(folder.path)/out/model.safetensors")
        #expect(
            weights.metadata["format"] == "pt"
                && weights.names.contains("beit.pooler.layernorm.bias"))
    }

    @Test("an export is replaced while it is as it was written, anything else is refused")
    func replacing() throws {
        let folder = try Folder.prepared()
        #expect(try export("--to", "timm", in: folder).status == 0)
        #expect(try export("--to", "onnx", in: folder).status == 0)
        #expect(folder.exists("out/model.onnx") && !folder.exists("out/model.safetensors"))
        let config = try folder.contents("out")
        try folder.write("out/notes.txt", Data("mine".utf8))
        #expect(
            try export("--to", "timm", in: folder).lastError
                == "Error: out: holds 'notes.txt', which is not of the export there; choose another "
                + "--out, or remove it")
        try FileManager.default.removeItem(atPath: "\(folder.path)/out/notes.txt")
        try folder.write("out/model.onnx", Data("changed".utf8))
        #expect(
            try export("--to", "timm", in: folder).lastError
                == "Error: out: 'model.onnx' was changed since it was exported; choose another --out, "
                + "or remove it")
        #expect(try Set(folder.contents("out").keys) == Set(config.keys))
        #expect(
            try export("--to", "timm", to: "teacher", in: folder).lastError
                == "Error: teacher: is not empty and holds no export; choose another --out, or remove "
                + "it")
        #expect(
            try export("--to", "timm", to: "base.yaml", in: folder).lastError
                == "Error: base.yaml: is a file, and an export is a folder; choose another --out, or "
                + "remove it")
        // A link to an export stays one.
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/link", withDestinationPath: "linked")
        #expect(try export("--to", "timm", to: "linked", in: folder).status == 0)
        #expect(try export("--to", "onnx", to: "link", in: folder).status == 0)
        #expect(folder.exists("linked/model.onnx"))
        // Nothing is left beside them.
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!left.contains { $0.hasPrefix(".tmp-") })
    }

    @Test("what a library has not is refused before anything is written") func refusals() throws {
        let folder = try Folder.prepared()
        for format in ["torchvision", "supergradients"] {
            let outcome = try export("--to", format, in: folder)
            #expect(outcome.status == 1)
            #expect(
                outcome.lastError.hasSuffix(
                    "is like beit_micro_patch4_32, a beit; choose another --to"),
                "\(outcome.errors)")
        }
        for words in [
            ["--fold-bn"], ["--to", "timm", "--int8"], ["--to", "timm", "--input", "uint8"],
        ] {
            let outcome = try Program.run(
                ["export", "--run", "teacher", "--out", "out"] + words, in: folder)
            #expect(outcome.status == 64, "\(words)")
        }
        // The run was made in another folder, whose images are still there.
        let recipe = String(decoding: try folder.data("teacher/recipe.yaml"), as: UTF8.self)
        try folder.write(
            "teacher/recipe.yaml",
            Data(recipe.replacing(/\n  val: .*/, with: "\n  val: \(folder.path)/gone").utf8))
        #expect(
            try export("--to", "timm", in: folder).lastError.hasSuffix(
                "/gone: is not there, and an export takes some images along; pass --data DATA"))
        #expect(!folder.exists("out"))
        #expect(try export("--to", "timm", "--data", "val", in: folder).status == 0)
    }

    @Test("8 bits: eval says what they cost, and the export has the simulation's answers")
    func int8() throws {
        let folder = try Folder.prepared()
        let outcome = try Program.run(["eval", "--run", "teacher", "--int8", "--json"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let report = try #require(
            JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? NSDictionary)
        let int8 = try #require(report["int8"] as? NSDictionary)
        let lost = try #require(int8["lost"] as? Double)
        #expect(try report["top1"] as? Double == #require(int8["top1"] as? Double) + lost)
        #expect(int8["calibration_images"] as? Int == Folder.trainImages)
        let layers = try #require(int8["layers"] as? [NSDictionary])
        let decibels = layers.compactMap { $0["decibels"] as? Double }
        // The patches, four layers in each of four blocks, the head.
        #expect(decibels.count == 18 && decibels == decibels.sorted())
        let text = try Program.run(["eval", "--run", "teacher", "--int8"], in: folder).output
        #expect(text.contains("\nint8: top-1 ") && text.contains("layers that suffer most"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })

        #expect(try export("--to", "onnx", "--int8", in: folder).status == 0)
        // What the run measured is of its floats.
        #expect(try json("out/export.json", in: folder)["measured"] == nil)
        let golden = try SafetensorsFile(path: "\(folder.path)/out/golden/golden.safetensors")
        let exact = try golden.tensor("logits").floats()
        let rounded = try golden.tensor("int8_logits").floats()
        let largest = exact.map(abs).max() ?? 0
        let differences = zip(exact, rounded).map { abs($0 - $1) }
        #expect((differences.max() ?? 0) > 0)
        #expect((differences.max() ?? .infinity) < 0.3 * largest)
    }

    @Test("8 bits of what is no network of a family are refused in one line") func int8OfMapped()
        throws
    {
        let folder = try Folder.prepared()
        let card = String(decoding: try folder.data("card.yaml"), as: UTF8.self)
        try folder.write("mapped.yaml", Data((card + "\nclass_map: [1, 0, 2, 3]\n").utf8))
        let outcome = try Program.run(
            [
                "eval", "--teacher", "mapped.yaml", "--data", "val", "--int8", "--calibration",
                "val",
            ],
            in: folder)
        #expect(outcome.status == 1 && outcome.output.isEmpty)
        #expect(
            outcome.lastError.hasSuffix(
                ": --int8 is for networks of the families that are known here, not for exported "
                    + "modules, ensembles and class maps"), "\(outcome.errors)")
    }
}
