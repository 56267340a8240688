import Base
import Foundation
import ResponseCache
import Testing
import Torch

/// Weights as people have them, through every command that reads some.
@Suite("Weights from elsewhere") struct WeightsTests {
    private static let input = ["--size", "32", "--resize", "36"]

    private func eval(_ folder: Folder, _ weights: String) throws -> Program.Outcome {
        try Program.run(
            ["eval", "--model", "resnet18", "--weights", weights] + Self.input
                + ["--data", "val", "--json"], in: folder)
    }

    @Test("half precision and a wrapper's prefix change no result") func forms() throws {
        let folder = try Folder()
        let store = try Networks.resnet18(classes: 4)
        func write(_ name: String, _ body: (ParameterStore.Entry) throws -> (String, Tensor)) throws
        {
            try SafetensorsFile.write(
                store.entries.map { try body($0) }, to: "\(folder.path)/\(name)")
        }
        // Rounded first, so that all files hold the same numbers.
        for entry in store.entries where entry.tensor.dtype == .float32 {
            try withoutGrad { try entry.tensor.copy(from: entry.tensor.to(.float16)) }
        }
        try write("plain.safetensors") { ($0.name, $0.tensor) }
        try write("half.safetensors") {
            ($0.name, $0.tensor.dtype == .float32 ? try $0.tensor.to(.float16) : $0.tensor)
        }
        try write("module.safetensors") { ("module.\($0.name)", $0.tensor) }
        let plain = try eval(folder, "plain.safetensors")
        #expect(plain.status == 0, "\(plain.errors)")
        /// Of another file: the same but for its name.
        func ofPlain(_ text: String, _ name: String) -> String {
            text.replacingOccurrences(of: "\(name).safetensors", with: "plain.safetensors")
        }
        let half = try eval(folder, "half.safetensors")
        #expect(ofPlain(half.output, "half") == plain.output)
        #expect(ofPlain(half.errors, "half") == plain.errors)
        let module = try eval(folder, "module.safetensors")
        #expect(ofPlain(module.output, "module") == plain.output)
        let notice = "module.safetensors: all names begin with 'module.', which is left out\n"
        #expect(module.errors.hasPrefix(notice))
        #expect(
            ofPlain(String(module.errors.dropFirst(notice.count)), "module") == plain.errors)
        let train = try Program.run(
            [
                "train", "--recipe", "base.yaml", "--out", "run", "--max-steps", "1", "--init",
                "module.safetensors",
            ], in: folder)
        #expect(train.status == 0, "\(train.errors)")
        #expect(
            train.errors.contains(
                "module.safetensors: all names begin with 'module.', which is left out\n"))
    }

    @Test("the data's classes and the network's are named where they differ") func classes() throws
    {
        let folder = try Folder()
        try Networks.resnet18(classes: 1000).save(to: "\(folder.path)/w.safetensors")
        let outcome = try eval(folder, "w.safetensors")
        #expect(outcome.status == 1)
        #expect(
            outcome.lastError
                == "Error: val: the network has 1000 classes, the data 4; choose the network's own "
                + "data")
        // A training begins with them all the same.
        let train = try Program.run(
            [
                "train", "--recipe", "base.yaml", "--out", "run", "--init", "w.safetensors",
                "--max-steps", "1",
            ], in: folder)
        #expect(train.status == 0)
        #expect(
            train.errors.contains(
                "w.safetensors: its head for 1000 classes is left, and one for 4 drawn\n"),
            "\(train.errors)")
    }

    @Test("what is no safetensors file is named by every command that reads weights") func others()
        throws
    {
        let folder = try Folder()
        try folder.write(
            "w.safetensors", Data("version https://git-lfs.github.com/spec/v1\n".utf8))
        try folder.write("teacher/average.safetensors", folder.data("w.safetensors"))
        let commands = [
            ["eval", "--teacher", "card.yaml", "--data", "val"],
            ["predict", "--model", "resnet18", "--weights", "w.safetensors", "val"],
            ["train", "--recipe", "base.yaml", "--out", "run", "--init", "w.safetensors"],
            ["average", "--out", "a.safetensors", "w.safetensors", "w.safetensors"],
            ["cache", "build", "--recipe", "student.yaml", "--cache", "cache"],
        ]
        for command in commands {
            let outcome = try Program.run(command, in: folder)
            #expect(outcome.status == 1)
            #expect(
                outcome.lastError.hasSuffix(
                    "is a Git LFS pointer, not the weights: run git lfs pull where it comes from"),
                "\(command): \(outcome.errors)")
        }
        #expect(!folder.exists("run") && !folder.exists("a.safetensors"))
    }

    @Test("eval and predict check the SHA-256 that a card states") func digest() throws {
        let folder = try Folder.prepared()
        let weights = "\(folder.path)/teacher/average.safetensors"
        let right = try SHA256Sum.ofFile(weights)
        let wrong = String(repeating: "0", count: 64)
        let card = try String(decoding: folder.data("card.yaml"), as: UTF8.self)
        for (digest, status) in [(right, Int32(0)), (wrong, 1)] {
            try folder.write(
                "card.yaml",
                Data(card.replacingOccurrences(of: "sha256: null", with: "sha256: \(digest)").utf8))
            for command in [["eval", "--data", "val"], ["predict", "val/c0/0.jpg"]] {
                let outcome = try Program.run(command + ["--teacher", "card.yaml"], in: folder)
                #expect(outcome.status == status, "\(outcome.errors)")
                #expect(
                    status == 0
                        || outcome.lastError
                            == "Error: \(weights): SHA-256 is \(right), card tiny says \(wrong); "
                            + "fetch the right weights or mend the card"
                )
            }
        }
    }

    @Test("what a recipe says of a network is done or refused") func recipe() throws {
        let folder = try Folder()
        let train = ["train", "--recipe", "teacher.yaml", "--out", "run", "--set"]
        let cases = [
            (
                "model.init=pytorch",
                "Error: BEiT: model.init pytorch does not exist for a BEiT; known: timm"
            ),
            (
                "view.size=64",
                "Error: recipe teacher: view.size is 64, but beit_micro_patch4_32 takes images of "
                    + "32"
            ),
            (
                "validation={size: 28, resize: 28}",
                "Error: recipe teacher: validation.size is 28, but beit_micro_patch4_32 takes "
                    + "images of 32"
            ),
        ]
        for (setting, expected) in cases {
            let outcome = try Program.run(train + [setting], in: folder)
            #expect(outcome.status == 1)
            #expect(outcome.lastError == expected)
        }
        #expect(!folder.exists("run"))
    }

    @Test("sizes out of range, or not the network's, are refused") func sizes() throws {
        let folder = try Folder.prepared()
        let eval = ["eval", "--teacher", "card.yaml", "--data", "val"]
        for value in ["0", "-1", "16385", "2147483648", "9223372036854775807"] {
            for option in ["--size", "--resize"] {
                let outcome = try Program.run(eval + ["\(option)=\(value)"], in: folder)
                #expect(outcome.status == 64)
                #expect(
                    outcome.errors.hasPrefix("Error: \(option) must be between 1 and 16384\n"),
                    "\(outcome.errors)")
            }
            if value.count > 6 || value.count < 3 {
                let outcome = try Program.run(eval + ["--batch=\(value)"], in: folder)
                #expect(outcome.errors.hasPrefix("Error: --batch must be between 1 and 1000000\n"))
            }
        }
        #expect(
            try Program.run(eval + ["--size", "28"], in: folder).lastError
                == "Error: the network takes images of 32 pixels, not of 28; leave --size out, or "
                + "name another network")
    }
}
