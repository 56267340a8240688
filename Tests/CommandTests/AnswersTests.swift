import Foundation
import Models
import Testing
import Torch

/// What `predict` and `eval` take from weights, and what `eval` and `export` print.
@Suite("Answers of a run's weights") struct AnswersTests {
    private static let names = ["c0", "c1", "c2", "c3"]
    private static let average = "teacher/average.safetensors"

    private func object(_ outcome: Program.Outcome) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return try #require(object as? [String: Any])
    }

    private func description(_ folder: Folder, _ name: String) throws -> WeightsDescription {
        try WeightsDescription(of: SafetensorsFile(path: "\(folder.path)/\(name)"))
    }

    /// Writes a file's tensors with other metadata.
    private func copy(
        _ name: String, to other: String, _ metadata: [String: String], in folder: Folder
    ) throws {
        let file = try SafetensorsFile(path: "\(folder.path)/\(name)")
        try SafetensorsFile.write(
            file.names.map { ($0, try file.tensor($0)) }, metadata: metadata,
            to: "\(folder.path)/\(other)")
    }

    @Test("every file of weights says what its network needs") func everyFile() throws {
        let folder = try Folder.prepared()
        let expected = try description(folder, Self.average)
        #expect(expected.model == "beit_micro_patch4_32" && expected.recipe == "teacher")
        #expect(expected.classes == Self.names)
        #expect(expected.preprocessing?.size == 32 && expected.preprocessing?.resize == 36)
        #expect(expected.preprocessing?.mean == [0.485, 0.456, 0.406])
        for (name, command) in [
            ("a.safetensors", ["export", "--run", "teacher"]),
            ("b.safetensors", ["export", "--run", "teacher", "--which", "best"]),
            ("c.safetensors", ["export", "--run", "teacher", "--which", "last"]),
            ("d.safetensors", ["average", "--run", "teacher"]),
            ("e.safetensors", ["average", "teacher/best.safetensors", Self.average]),
        ] {
            let outcome = try Program.run(command + ["--out", name], in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try description(folder, name) == expected, "\(command)")
        }
        let checkpoints = try FileManager.default.contentsOfDirectory(
            atPath: "\(folder.path)/teacher/checkpoints")
        for name in checkpoints.filter({ $0.hasSuffix(".safetensors") }) {
            #expect(try description(folder, "teacher/checkpoints/\(name)") == expected, "\(name)")
        }
        // The digest is of the recipe without its paths: moving the data changes nothing.
        #expect(try description(folder, "teacher/best.safetensors") == expected)
    }

    @Test("--run and --weights need nothing else, and come to the run's own figures")
    func nothingElse() throws {
        let folder = try Folder.prepared()
        let result = try JSONSerialization.jsonObject(with: folder.data("teacher/result.json"))
        let top1 = try #require((result as? [String: Any])?["top1"] as? Double)
        for (who, arguments) in [
            ("run", ["--run", "teacher"]),
            ("weights", ["--weights", Self.average, "--data", "val"]),
        ] {
            let eval = try Program.run(["eval", "--json"] + arguments, in: folder)
            #expect(eval.status == 0, "\(eval.errors)")
            #expect(try object(eval)["top1"] as? Double == top1)
            #expect(
                eval.errors == """
                    teacher/average.safetensors: beit_micro_patch4_32, 4 classes
                    images: 32 of 36 px, bilinear, mean 0.485 0.456 0.406, std 0.229 0.224 0.225
                      from the \(who)
                    class names: from the \(who)

                    """)
        }
        let predict = try Program.run(["predict", "--run", "teacher", "val/c2/2.jpg"], in: folder)
        #expect(predict.output.contains("  c2") || predict.output.contains("  c1"))
        let options = ["--resize", "40", "--interpolation", "bicubic", "--std", "1,1,0.5"]
        let other = try Program.run(
            ["eval", "--run", "teacher", "--json", "--mean=0,0.5,1"] + options, in: folder)
        let input = try #require(object(other)["preprocessing"] as? [String: Any])
        #expect(input["resize"] as? Int == 40 && input["size"] as? Int == 32)
        #expect(input["mean"] as? [Double] == [0, 0.5, 1])
        #expect(input["std"] as? [Double] == [1, 1, 0.5])
        #expect(
            other.errors.contains(
                "  from the run, but for --resize, --interpolation, --mean, --std\n"))
    }

    @Test("what a file from elsewhere does not say is asked for, or told where it comes from")
    func elsewhere() throws {
        let folder = try Folder.prepared()
        let eval = ["eval", "--weights", "w.safetensors", "--data", "val"]
        func fails(_ metadata: [String: String], _ arguments: [String], _ line: String) throws {
            try copy(Self.average, to: "w.safetensors", metadata, in: folder)
            let outcome = try Program.run(eval + arguments, in: folder)
            #expect(outcome.status != 0)
            #expect(outcome.errors.hasPrefix("Error: w.safetensors: \(line)"), "\(outcome.errors)")
            #expect(outcome.errors.split(separator: "\n").count == 1)
        }
        try fails([:], [], "does not say which network it is of; pass --model NAME, one of beit_")
        try fails(
            ["model": "mine\u{1B}"], [],
            "is of a network 'mine\\u{1B}', which is not known; pass --model NAME, one of beit_")
        let earlier = ["model": "beit_micro_patch4_32", "recipe": "teacher", "format": "pt"]
        try fails(
            earlier, [],
            "does not say how images are prepared; pass --recipe FILE, the one that it "
                + "was trained by, or --model beit_micro_patch4_32 for the preprocessing of its "
                + "published weights")
        let named = ["understudy.classes": "[\"a\", \"b\"]"]
        try copy(Self.average, to: "w.safetensors", earlier.merging(named) { $1 }, in: folder)
        let short = try Program.run(eval + ["--recipe", "teacher.yaml"], in: folder)
        #expect(
            short.lastError == "Error: w.safetensors: names 2 classes, the network has 4")
        try copy(Self.average, to: "w.safetensors", [:], in: folder)
        let model = try Program.run(eval + ["--model", "beit_micro_patch4_32"], in: folder)
        #expect(model.status == 0, "\(model.errors)")
        #expect(
            model.errors.contains(
                "  from beit_micro_patch4_32's published evaluation; the file says none\n"))
        #expect(model.errors.hasSuffix("class names: none; --classes FILE gives them\n"))
    }

    @Test("the run of an earlier version is answered for by its recipe") func earlierRun() throws {
        let folder = try Folder.prepared()
        try copy(
            Self.average, to: Self.average,
            ["model": "beit_micro_patch4_32", "recipe": "teacher", "format": "pt"], in: folder)
        let eval = try Program.run(["eval", "--run", "teacher"], in: folder)
        #expect(eval.status == 0, "\(eval.errors)")
        #expect(eval.errors.contains("images: 32 of 36 px, bilinear, mean 0.485 0.456 0.406"))
        #expect(eval.errors.hasSuffix("class names: from the run\n"))
    }

    @Test("classes in another order are refused, other names told") func order() throws {
        let folder = try Folder.prepared()
        let eval = ["eval", "--run", "teacher", "--data", "val"]
        try folder.write("val/classes.txt", Data("c0\nc2\nc1\nc3\n".utf8))
        #expect(
            try Program.run(eval, in: folder).lastError
                == "Error: val: its classes are the network's in another order: class 1 is 'c2' "
                + "there and 'c1' for the network; list them in val/classes.txt in the network's "
                + "order")
        try folder.write("val/classes.txt", Data("c0\nc1\nc2\nc3\n".utf8))
        #expect(try Program.run(eval, in: folder).status == 0)
        let names = eval + ["--classes", "names.txt", "--json"]
        try folder.write("names.txt", Data("a\nb\nc\nd\n".utf8))
        let other = try Program.run(names, in: folder)
        #expect(
            other.lastError
                == "val: names its classes otherwise than the network does (class 0: 'c0' there, "
                + "'a' for the network); they are taken by their numbers")
        let classes = try #require(object(other)["by_class"] as? [[String: Any]])
        #expect(classes.map { $0["name"] as? String } == ["a", "b", "c", "d"])
    }

    @Test("the text fits into 80 columns, and the matrix agrees with it") func report() throws {
        let folder = try Folder.prepared()
        let long = "a very long name, longer than a terminal is wide, "
        let names = (0..<4).map { "\(long)\(long)\($0)" }
        try folder.write("names.txt", Data((names.joined(separator: "\n") + "\n").utf8))
        // Wrong numbers for the channels, so that some images are taken for others.
        let eval = [
            "eval", "--run", "teacher", "--classes", "names.txt", "--confusion", "matrix.csv",
            "--mean", "1,0,0",
        ]
        let text = try Program.run(eval, in: folder)
        #expect(text.status == 0, "\(text.errors)")
        let lines = text.output.split(separator: "\n")
        #expect(lines.count > 6 && lines.allSatisfy { $0.count <= 80 }, "\(text.output)")
        #expect(text.output.hasPrefix("top-1 "))
        let again = try Program.run(eval + ["--json"], in: folder)
        #expect(again.status == 0, "an own matrix is replaced: \(again.errors)")
        let report = try object(again)
        let csv = try String(decoding: folder.data("matrix.csv"), as: UTF8.self)
        // What follows the name in quotes.
        let matrix: [[Int]] = csv.split(separator: "\n").dropFirst().map { line in
            let counts = line.split(separator: "\"").last ?? ""
            return counts.split(separator: ",").compactMap { Int($0) }
        }
        #expect(matrix.count == 4 && matrix.allSatisfy { $0.count == 4 })
        let classes = try #require(report["by_class"] as? [[String: Any]])
        for (label, found) in classes.enumerated() {
            #expect(found["images"] as? Int == matrix[label].reduce(0, +))
            #expect(found["correct"] as? Int == matrix[label][label])
            #expect(found["answered"] as? Int == matrix.reduce(0) { $0 + $1[label] })
        }
        let pairs = try #require(report["confused"] as? [[String: Any]])
        var wrong = 0
        for (label, row) in matrix.enumerated() { wrong += row.reduce(0, +) - row[label] }
        #expect(pairs.compactMap { $0["images"] as? Int }.reduce(0, +) == wrong)
        try folder.write("matrix.csv", Data("class,answer\n".utf8))
        #expect(
            try Program.run(eval, in: folder).errors
                == "Error: matrix.csv: is there, and is not a confusion matrix that this program "
                + "wrote; choose another --confusion, or remove it\n")
    }

    @Test("export says what it wrote, and writes nothing that its name does not say")
    func export() throws {
        let folder = try Folder.prepared()
        let export = ["export", "--run", "teacher", "--out"]
        let outcome = try Program.run(export + ["w.safetensors"], in: folder)
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        #expect(outcome.output.hasPrefix("w.safetensors: safetensors, "))
        let file = try SafetensorsFile(path: "\(folder.path)/w.safetensors")
        var parameters = 0
        for name in file.names {
            let info = try #require(file.info(name))
            if info.dtype == .float32 { parameters += info.shape.reduce(1, *) }
        }
        let digits = outcome.output.replacingOccurrences(of: ",", with: "")
        #expect(
            digits.contains("beit_micro_patch4_32 \(parameters) parameters 4 classes"), "\(digits)")
        let said = "network, recipe, the recipe's digest, preprocessing, class names"
        #expect(lines.last == "  says of itself: \(said)")
        let onnx = try Program.run(export + ["w.ONNX"], in: folder)
        #expect(onnx.status == 64)
        #expect(onnx.errors.hasPrefix("Error: --to onnx writes a model and what belongs to it"))
        let torch = try Program.run(export + ["w.pth"], in: folder)
        #expect(torch.errors.hasPrefix("Error: no .pth can be written; choose an --out that ends"))
        #expect(!folder.exists("w.ONNX"))
        let asked = try Program.run(export + ["w.bin", "--format", "safetensors"], in: folder)
        #expect(asked.status == 0 && folder.exists("w.bin"), "\(asked.errors)")
    }

    @Test("weights of differently named classes have no mean") func mean() throws {
        let folder = try Folder.prepared()
        let metadata = WeightsDescription(classes: ["c0", "c2", "c1", "c3"]).metadata
        try copy(Self.average, to: "w.safetensors", metadata, in: folder)
        let average = ["average", "--out", "mean.safetensors"]
        #expect(
            try Program.run(average + [Self.average, "w.safetensors"], in: folder).lastError
                == "Error: teacher/average.safetensors and w.safetensors: their classes have "
                + "different names or another order, so that their mean would mean nothing")
        try copy(Self.average, to: "w.safetensors", ["model": "x"], in: folder)
        let outcome = try Program.run(average + [Self.average, "w.safetensors"], in: folder)
        #expect(outcome.status == 0)
        #expect(
            outcome.errors
                == "the files differ in class names, network, preprocessing, recipe, the recipe's "
                + "digest, which the mean does not say\n")
    }
}
