import Foundation
import Testing
import Torch

@Suite("predict") struct PredictTests {
    private static let network = [
        "--model", "resnet18", "--weights", "r18.safetensors", "--size", "32", "--resize", "36",
    ]

    /// What is said of the network before any image is looked at, and what is said after.
    private func errors(_ outcome: Program.Outcome) -> [String] {
        outcome.errors.split(separator: "\n").map(String.init).filter {
            !$0.hasPrefix("r18.safetensors: ") && !$0.hasPrefix("images: ")
                && !$0.hasPrefix("  from ") && !$0.hasPrefix("class names: ")
        }
    }

    /// The objects that `--json` printed, one a line.
    private func objects(_ outcome: Program.Outcome) throws -> [[String: Any]] {
        try outcome.output.split(separator: "\n").map {
            try #require(
                JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    /// A folder with drawn weights of a ResNet18 of four classes.
    private func folder() throws -> Folder {
        let folder = try Folder()
        try Networks.resnet18(classes: 4)
            .save(to: "\(folder.path)/r18.safetensors")
        return folder
    }

    private func predict(_ folder: Folder, _ arguments: [String]) throws -> Program.Outcome {
        try Program.run(["predict"] + Self.network + arguments, in: folder)
    }

    @Test("a bad image gets an error in its place, the others their classes, and the status is 1")
    func oneBad() throws {
        let folder = try folder()
        try folder.write("cut.jpg", folder.data("val/c0/0.jpg").prefix(300))
        let images = ["val/c0/0.jpg", "cut.jpg", "none.jpg", "val/c1/1.jpg"]
        let alone = try predict(folder, ["--logits", images[0], images[3]])
        #expect(alone.status == 0, "\(alone.errors)")
        let outcome = try predict(folder, ["--logits"] + images)
        #expect(outcome.status == 1)
        #expect(outcome.output == alone.output)
        let errors = errors(outcome)
        #expect(errors.count == 3)
        #expect(errors.first?.hasPrefix("Error: cut.jpg: ") == true, "\(errors)")
        #expect(
            errors.dropFirst() == [
                "Error: none.jpg: cannot be read: No such file or directory",
                "Error: 2 of 4 images have no result, as said above",
            ])

        let json = try predict(folder, ["--json"] + images)
        #expect(json.status == 1)
        let items = try objects(json)
        #expect(items.map { $0["path"] as? String } == images)
        #expect(items.map { $0["error"] == nil } == [true, false, false, true])
        #expect(items.map { ($0["top"] as? [Any])?.count } == [4, nil, nil, 4])
        #expect(
            items[2]["error"] as? String
                == "none.jpg: cannot be read: No such file or directory")
    }

    @Test("a folder's images are taken in order, other files counted") func wholeFolder() throws {
        let folder = try folder()
        try folder.write("val/c1/notes.txt", Data("x".utf8))
        try folder.write("val/c2/a.webp", Data("x".utf8))
        let outcome = try predict(folder, ["--top", "1", "val/", "train/c0/0.jpg"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let paths = outcome.output.split(separator: "\n").map { $0.prefix { $0 != " " } }
        #expect(paths.count == 17)
        #expect(paths.prefix(3) == ["val/c0/0.jpg", "val/c0/12.jpg", "val/c0/4.jpg"])
        #expect(paths.last == "train/c0/0.jpg")
        #expect(
            errors(outcome) == ["val/: 2 files are no image by name (.txt, .webp) and left out"])
        try folder.write("other/a.txt", Data("x".utf8))
        #expect(
            try errors(predict(folder, ["other"])) == [
                "Error: other: holds no image (.jpeg, .jpg, .png), only other files (.txt)",
                "Error: 1 of 1 images have no result, as said above",
            ])
    }

    @Test("what a folder holds that cannot be read keeps nothing else from being predicted")
    func oddFolder() throws {
        let folder = try folder()
        let image = try folder.data("val/c0/0.jpg")
        for name in ["a.jpg", "z.jpg", "in/1.jpg"] { try folder.write("photos/\(name)", image) }
        let photos = "\(folder.path)/photos"
        symlink("gone.jpg", "\(photos)/b.jpg")
        symlink("/mnt/gone", "\(photos)/album")
        symlink(".", "\(photos)/in/up")
        #expect(mkfifo("\(photos)/pipe.jpg", 0o600) == 0)
        // "é.jpg" in Latin-1, as a name within the folder and as a folder's.
        func latin(_ ending: String) -> [CChar] {
            Array(
                "\(photos)/".utf8CString.dropLast() + [CChar(bitPattern: 0xE9)] + ending.utf8CString
            )
        }
        #expect(link("\(photos)/a.jpg", latin(".jpg")) == 0)
        #expect(mkdir(latin(""), 0o700) == 0)
        #expect(link("\(photos)/a.jpg", latin("/2.jpg")) == 0)
        let outcome = try predict(folder, ["--top", "1", "photos", "none", "val/c1/1.jpg"])
        #expect(outcome.status == 1)
        #expect(
            outcome.output.split(separator: "\n").map { String($0.prefix { $0 != " " }) } == [
                "photos/a.jpg", "photos/in/1.jpg", "photos/z.jpg", "photos/\u{FFFD}/2.jpg",
                "photos/\u{FFFD}.jpg", "val/c1/1.jpg",
            ])
        let nowhere = "cannot be read: a symbolic link to something that is not there; mend or "
        #expect(
            errors(outcome) == [
                "Error: photos/album: \(nowhere)remove it",
                "Error: photos/b.jpg: \(nowhere)remove it",
                "Error: photos/in/up: a symbolic link to a folder that it lies in; remove it",
                "Error: photos/pipe.jpg: is not a regular file",
                "Error: none: cannot be read: No such file or directory",
                "Error: 5 of 11 images have no result, as said above",
            ])
        let json = try predict(folder, ["--json", "photos"])
        let items = try objects(json)
        #expect(items.count == 9 && items.filter { $0["error"] == nil }.count == 5)
        // Named itself.
        let named = try Shell.run(
            "exec \"$0\" \"$@\" photos/\"$(printf '\\351.jpg')\"",
            ["predict"] + Self.network, in: folder)
        #expect(named.status == 0, "\(named.errors)")
        #expect(named.output.hasPrefix("photos/\u{FFFD}.jpg  "))
    }

    @Test("standard input lists paths, a pattern stands for files") func lists() throws {
        let folder = try folder()
        let arguments = ["predict"] + Self.network + ["--top", "1"]
        func paths(_ outcome: Program.Outcome) -> [String] {
            outcome.output.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
        }
        let two = ["val/c1/1.jpg", "val/c0/0.jpg"]
        for list in [
            "val/c1/1.jpg\\n\\nval/c0/0.jpg", "val/c1/1.jpg\\r\\nval/c0/0.jpg\\r\\n",
            "val/c1/1.jpg\\0val/c0/0.jpg\\0",
        ] {
            let outcome = try Shell.run(
                "printf '\(list)' | \"$0\" \"$@\"", arguments + ["-", "val/c2/2.jpg"], in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(paths(outcome) == two + ["val/c2/2.jpg"])
        }
        let empty = try Shell.run(": | \"$0\" \"$@\"", arguments + ["-"], in: folder)
        #expect(empty.status == 1)
        #expect(errors(empty).first == "Error: standard input: names no image")
        // A name in a list is no pattern, and a file whose name looks like one is that file.
        try folder.write("[a].jpg", folder.data("val/c0/0.jpg"))
        let outcome = try predict(folder, ["--top", "1", "val/c[01]/?.jpg", "[a].jpg", "none/*"])
        #expect(outcome.status == 1)
        #expect(
            paths(outcome) == [
                "val/c0/0.jpg", "val/c0/4.jpg", "val/c0/8.jpg", "val/c1/1.jpg", "val/c1/5.jpg",
                "val/c1/9.jpg", "[a].jpg",
            ])
        #expect(errors(outcome).first == "Error: none/*: matches nothing")
    }

    @Test("class names come from the weights or a file, and CSV is a record for each class")
    func named() throws {
        let folder = try folder()
        try folder.write("names.txt", Data("red fox\na, \"b\"\nc\nd\n".utf8))
        let arguments = ["--classes", "names.txt", "--top", "4", "val/c0/0.jpg"]
        let csv = try predict(folder, ["--csv"] + arguments)
        #expect(csv.status == 0, "\(csv.errors)")
        let lines = csv.output.split(separator: "\n").map(String.init)
        #expect(lines.first == "path,rank,class,name,probability")
        #expect(lines.count == 5)
        #expect(lines.contains { $0.contains(",1,\"a, \"\"b\"\"\",") }, "\(csv.output)")
        let items = try objects(predict(folder, ["--json"] + arguments))
        let top = try #require(items.first?["top"] as? [[String: Any]])
        let expected = ["red fox", "a, \"b\"", "c", "d"]
        for answer in top {
            let label = try #require(answer["class"] as? Int)
            #expect(answer["name"] as? String == expected[label])
        }
        let probabilities = top.compactMap { $0["probability"] as? Double }
        #expect(probabilities == probabilities.sorted(by: >))
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5)
        let text = try predict(folder, arguments).output.split(separator: "\n").map(String.init)
        #expect(text.count == 4)
        #expect(text[0].hasPrefix("val/c0/0.jpg  0.") && text[1].hasPrefix("  0."))
        try folder.write("names.txt", Data("a\nb\n".utf8))
        #expect(
            try predict(folder, arguments).lastError
                == "Error: names.txt: names 2 classes, the network has 4")
        for (options, message) in [
            (["--csv", "--json"], "choose --csv or --json"),
            (["--csv", "--logits"], "--logits needs --json"),
            (["-", "-"], "- stands for standard input, which can be read once"),
        ] {
            let outcome = try predict(folder, options + ["val"])
            #expect(outcome.status == 64)
            #expect(outcome.errors.hasPrefix("Error: \(message)\n"))
        }
    }

    @Test("the result of an image does not depend on its batch") func batches() throws {
        let folder = try folder()
        func logits(_ batch: String) throws -> [[Double]] {
            let outcome = try predict(folder, ["--json", "--logits", "--batch", batch, "val"])
            return try objects(outcome).compactMap { $0["logits"] as? [Double] }
        }
        let (single, several) = try (logits("1"), logits("7"))
        #expect(single.count == 16 && several.count == 16)
        // Kernels for another batch size sum in another order.
        for (left, right) in zip(single.joined(), several.joined()) {
            #expect(abs(left - right) < 1e-4 * max(1, abs(left)))
        }
    }

    @Test("a name with a line break forges no line") func names() throws {
        let folder = try folder()
        try folder.write("a\n\u{1B}[2Jb.jpg", folder.data("val/c0/0.jpg"))
        try folder.write("c\nd.jpg", Data("x".utf8))
        let outcome = try predict(folder, ["--top", "1", "a\n\u{1B}[2Jb.jpg", "c\nd.jpg"])
        #expect(outcome.output.hasPrefix(#"a\n\u{1B}[2Jb.jpg  "#), "\(outcome.output)")
        #expect(outcome.output.split(separator: "\n").count == 1)
        #expect(errors(outcome).first?.hasPrefix(#"Error: c\nd.jpg: "#) == true)
        #expect(errors(outcome).count == 2)
    }

    @Test("weights that answer NaN are refused by image, in eval as well") func notFinite() throws {
        let folder = try folder()
        // Finite weights, but not their products.
        let store = try Networks.resnet18(classes: 4)
        for name in ["layer4.1.bn2.weight", "fc.weight"] {
            try withoutGrad { try store[name]?.fill(3e38) }
        }
        try store.save(to: "\(folder.path)/r18.safetensors")
        let outcome = try predict(folder, ["--json", "val/c0/0.jpg"])
        #expect(outcome.status == 1)
        #expect(
            errors(outcome).first?.hasPrefix(
                "Error: val/c0/0.jpg: the network's logits are NaN or infinite; ") == true)
        #expect(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
                != nil)
        let eval = try Program.run(["eval"] + Self.network + ["--data", "val"], in: folder)
        #expect(eval.status == 1)
        #expect(
            eval.lastError
                == "Error: val/c0/0.jpg: the network's logits are not finite, so its accuracy "
                + "cannot be measured; look at its weights")
    }
}

/// Networks that tests write weights of.
enum Networks {
    /// The tensors of a ResNet18 with small weights, under torchvision's names.
    static func resnet18(classes: Int) throws -> ParameterStore {
        let store = try ParameterStore(seed: 1)
        func norm(_ path: ParameterPath, _ channels: Int) throws {
            _ = try store.parameter(path / "weight", shape: [channels], initializer: .ones)
            _ = try store.parameter(path / "bias", shape: [channels], initializer: .zeros)
            _ = try store.buffer(path / "running_mean", shape: [channels], fill: 0)
            _ = try store.buffer(path / "running_var", shape: [channels], fill: 1)
            _ = try store.buffer(
                path / "num_batches_tracked", shape: [], fill: 0, dtype: .int64)
        }
        func conv(_ path: ParameterPath, _ shape: [Int]) throws {
            _ = try store.parameter(
                path / "weight", shape: shape, initializer: .normal(std: 0.05))
        }
        try conv("conv1", [64, 3, 7, 7])
        try norm("bn1", 64)
        var width = 64
        for stage in 0..<4 {
            let planes = 64 << stage
            for block in 0..<2 {
                let path = ParameterPath("layer\(stage + 1)") / block
                try conv(path / "conv1", [planes, width, 3, 3])
                try norm(path / "bn1", planes)
                try conv(path / "conv2", [planes, planes, 3, 3])
                try norm(path / "bn2", planes)
                if width != planes {
                    try conv(path / "downsample" / 0, [planes, width, 1, 1])
                    try norm(path / "downsample" / 1, planes)
                }
                width = planes
            }
        }
        _ = try store.parameter(
            "fc.weight", shape: [classes, 512], initializer: .normal(std: 0.01))
        _ = try store.parameter("fc.bias", shape: [classes], initializer: .zeros)
        return store
    }
}
