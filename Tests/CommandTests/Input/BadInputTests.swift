import Base
import Foundation
import Imaging
import Testing
import Torch

@Suite("Bad input", .serialized) struct BadInputTests {
    /// The last line of standard error, without the folder's own path, and the exit status.
    private func fail(_ folder: Folder, _ arguments: [String]) throws -> String {
        let outcome = try Program.run(arguments, in: folder)
        #expect(outcome.status != 0, "\(arguments)")
        return outcome.lastError.replacingOccurrences(of: folder.path, with: "…")
    }

    @Test("a recipe's mistakes name file, line, column and the known keys") func recipe() throws {
        let folder = try Folder()
        try folder.write("bad.yaml", Data("extends: base.yaml\nschedule: {epocs: 3}\n".utf8))
        let message = try fail(folder, ["train", "--recipe", "bad.yaml", "--out", "run"])
        #expect(
            message.hasPrefix(
                "Error: bad.yaml:2:12: unknown key 'epocs' in schedule; known: "), "\(message)")
        #expect(!folder.exists("run"))
    }

    @Test("a student without its cache is told how to make one") func noCache() throws {
        let folder = try Folder()
        #expect(
            try fail(folder, ["train", "--recipe", "student.yaml", "--out", "run"])
                == "Error: recipe student learns from a teacher (loss.kl 0.8): pass --cache DIR, made "
                + "by understudy cache build")
        #expect(!folder.exists("run"))
    }

    @Test("a teacher without weights is named") func noWeights() throws {
        let folder = try Folder()
        let message = try fail(
            folder, ["cache", "build", "--recipe", "student.yaml", "--cache", "cache"])
        #expect(message.contains("…/teacher/average.safetensors"), "\(message)")
        #expect(!folder.exists("cache"))
    }

    @Test("a teacher of other classes is refused with both counts") func teacherClasses() throws {
        let folder = try Folder()
        let card = try String(decoding: folder.data("card.yaml"), as: UTF8.self)
        try folder.write(
            "card.yaml", Data(card.replacingOccurrences(of: "classes: 4", with: "classes: 7").utf8))
        #expect(
            try fail(folder, ["cache", "build", "--recipe", "student.yaml", "--cache", "cache"])
                == "Error: teacher tiny has 7 classes, recipe student has 4; choose a teacher of the "
                + "same classes")
        #expect(!folder.exists("cache"))
    }

    @Test("weights of another network are refused with the names that differ")
    func otherWeights() throws {
        let folder = try Folder()
        try SafetensorsFile.write(
            [("fc.weight", Tensor.zeros([4, 512])), ("surplus", Tensor.zeros([2]))],
            to: "\(folder.path)/other.safetensors")
        let message = try fail(
            folder,
            [
                "train", "--recipe", "base.yaml", "--out", "run", "--init", "other.safetensors",
            ])
        #expect(message.contains("missing"), "\(message)")
        #expect(message.contains("conv1.weight"), "\(message)")
        #expect(message.contains("unexpected"), "\(message)")
        #expect(message.contains("surplus"), "\(message)")
        #expect(!folder.exists("run"))
    }

    @Test("a truncated weight file is refused before anything is written") func truncated() throws {
        let folder = try Folder()
        try folder.write("cut.safetensors", Data([200, 0, 0, 0, 0, 0, 0, 0, 0x7b]))
        let message = try fail(
            folder,
            [
                "train", "--recipe", "base.yaml", "--out", "run", "--init", "cut.safetensors",
            ])
        #expect(message.contains("cut.safetensors"), "\(message)")
        #expect(!folder.exists("run"))
    }

    @Test("another recipe's cache is refused with the fields that differ") func fingerprint() throws
    {
        let folder = try Folder.prepared()
        let outcome = try Program.run(
            [
                "train", "--recipe", "student.yaml", "--cache", "cache", "--out", "run", "--set",
                "view.randaugment=rand-m7-mstd0.5",
            ], in: folder)
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.contains("randaugment: none in the cache, rand-m7"), "\(outcome.errors)")
        let partial = try Program.run(
            [
                "cache", "build", "--recipe", "student.yaml", "--cache", "cache", "--set",
                "seed=12",
            ], in: folder)
        #expect(partial.errors.contains("seed: 11 in the cache, 12 here"), "\(partial.errors)")
    }

    @Test("epochs beyond the cache's do not wrap around") func epochsBeyond() throws {
        let folder = try Folder.prepared()
        for (cache, processes) in [("cache", "1"), ("new", "1"), ("new", "2")] {
            #expect(
                try fail(
                    folder,
                    [
                        "cache", "build", "--recipe", "student.yaml", "--cache", cache, "--epochs",
                        "1..<3", "--processes", processes,
                    ])
                    == "Error: epochs 1..<3 end beyond the 2 of the cache; lower --epochs or raise "
                    + "cache.epochs")
        }
        #expect(!folder.exists("new"))
    }

    @Test("missing parts are counted before training starts") func missingParts() throws {
        let folder = try Folder.prepared()
        try Program.run(
            [
                "cache", "build", "--recipe", "student.yaml", "--cache", "part", "--epochs",
                "0..<1",
            ],
            in: folder)
        #expect(
            try fail(
                folder,
                ["train", "--recipe", "student.yaml", "--cache", "part", "--out", "run"])
                == "Error: part: 2 of 4 parts are missing, of epoch 1; build them with understudy "
                + "cache build, or pass --build-cache to compute them in passing, or --wait to "
                + "follow a build that is running")
    }

    @Test("a teacher of other weights is told once, with what to do") func changedWeights() throws {
        let folder = try Folder.prepared()
        let weights = "\(folder.path)/teacher/average.safetensors"
        let before = try SHA256Sum.ofFile(weights)
        var data = try folder.data("teacher/average.safetensors")
        data[data.count - 1] ^= 1
        try folder.write("teacher/average.safetensors", data)
        let outcome = try Program.run(
            ["train", "--recipe", "student.yaml", "--cache", "cache", "--out", "run"], in: folder)
        #expect(outcome.status == 1)
        #expect(
            outcome.errors
                == "Error: cache: the cache was made from other inputs; name another directory, or "
                + "restore what differs:\n  teacher.weights: \(before) in the cache, "
                + "\(try SHA256Sum.ofFile(weights)) here\n")
        #expect(!folder.exists("run"))
    }

    @Test("an image changed since the build is caught by the checksum of its group")
    func changedPixels() throws {
        let folder = try Folder.prepared()
        try Program.run(
            [
                "views", "--recipe", "student.yaml", "--slots", "0..<48", "--params", "views.json",
            ], in: folder)
        let views = try #require(
            JSONSerialization.jsonObject(with: folder.data("views.json")) as? [String: Any])
        let slots = try #require(views["slots"] as? [[String: Any]])
        // The second step's first group.
        let path = try #require(slots.first { $0["group"] as? Int == 2 }?["path"] as? String)
            .replacingOccurrences(of: "\(folder.path)/", with: "")
        let size = try folder.data(path).count
        // A plain image of the same path and size: what follows a JPEG's end is not read.
        var other = try Data(
            ImageEncoder.jpeg(Image(width: 40, height: 36, fill: (90, 90, 90)), quality: 90))
        try #require(other.count < size)
        other.append(Data(count: size - other.count))
        try folder.write(path, other)
        #expect(
            try fail(
                folder, ["train", "--recipe", "student.yaml", "--cache", "cache", "--out", "run"])
                == "Error: group 2 of epoch 0: the pixels differ from those the teacher saw; an "
                + "image changed or a decoder drifted: restore it, or remove cache and build it "
                + "again")
    }

    @Test("a loss that is not finite stops with the step and the last good checkpoint")
    func notFinite() throws {
        let folder = try Folder()
        let message = try fail(
            folder,
            [
                "train", "--recipe", "base.yaml", "--out", "run", "--set", "optimizer.lr=1e30",
                "--set", "checkpoint.every_steps=1",
            ])
        #expect(message.contains("is not finite at epoch"), "\(message)")
        #expect(message.contains("the last good checkpoint is step-"), "\(message)")
    }

    @Test("a device that is not there is refused") func device() throws {
        let folder = try Folder()
        let message = try fail(
            folder,
            ["train", "--recipe", "base.yaml", "--out", "run", "--device", "cuda:0"])
        #expect(message.contains("tools/setup --cuda"), "\(message)")
    }

    @Test("a broken image names its path") func image() throws {
        let folder = try Folder()
        try folder.write("cat.jpg", Data([1, 2, 3]))
        let message = try fail(
            folder,
            [
                "predict", "--model", "resnet18", "--weights", "none.safetensors", "cat.jpg",
            ])
        #expect(message.contains("none.safetensors"), "\(message)")
    }

    @Test("a class count that differs from the recipe names both") func classCount() throws {
        let folder = try Folder()
        #expect(
            try fail(
                folder,
                ["train", "--recipe", "base.yaml", "--out", "run", "--set", "data.classes=5"])
                == "Error: …/train: 4 class folders, the recipe says 5; mend data.classes or the "
                + "folder")
    }
}
