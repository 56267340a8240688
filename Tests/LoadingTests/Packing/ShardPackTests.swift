import Foundation
import Imaging
import Recipes
import Testing

@testable import Loading

@Suite("Packing") struct ShardPackTests: PackFixture {
    @Test("folder, list and pack are one data set and give the same views") func sameViews() throws
    {
        let scratch = try Scratch()
        try scratch.writeImages("train", classes: 3, perClass: 8)
        // A name that WebDataset's rule would cut.
        try FileManager.default.moveItem(
            atPath: "\(scratch.path)/train/class1/3.jpg",
            toPath: "\(scratch.path)/train/class1/3.old.jpg")
        let folder = try ImageDataset("\(scratch.path)/train")
        let lines = folder.samples.map { "train/\($0.path)\t\($0.knownLabel)\n" }
        try scratch.write("list.txt", Array(lines.joined().utf8))
        let summary = try pack(folder, "\(scratch.path)/packed")
        let packed = try ImageDataset("\(scratch.path)/packed")
        #expect(packed.samples == folder.samples)
        #expect(packed.classes == folder.classes)
        #expect(packed.digest == folder.digest)
        #expect(packed.contentDigest == summary.contentDigest)
        #expect(summary.shards == 5)

        var views: [[UInt8]] = []
        for train in ["train", "list.txt", "packed"] {
            let yaml = TestRecipe.yaml.replacingOccurrences(
                of: "train: train", with: "train: \(train)")
            let recipe = try Recipe(
                contentsOf: scratch.write("recipe.yaml", Array(yaml.utf8)))
            let loader = try ViewLoader(recipe: recipe, options: LoadingOptions(workers: 2))
            let group = try loader.load(epoch: 2, group: 1, sizes: [32])
            views.append(group.pixels(size: 32).withBytes(Array.init))
        }
        #expect(!views[0].isEmpty)
        #expect(views[1] == views[0])
        #expect(views[2] == views[0])
    }

    @Test("neither workers nor shards change the contents, and a pack of a pack is the same")
    func deterministic() throws {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 70)
        let folder = try ImageDataset("\(scratch.path)/data")
        let one = try pack(folder, "\(scratch.path)/one") {
            $0.workers = 1; $0.samplesPerShard = 66
        }
        _ = try pack(folder, "\(scratch.path)/three") {
            $0.workers = 3; $0.samplesPerShard = 66
        }
        #expect(try files("\(scratch.path)/one") == files("\(scratch.path)/three"))
        let other = try pack(ImageDataset("\(scratch.path)/three"), "\(scratch.path)/other")
        #expect(other.contentDigest == one.contentDigest)
        #expect(other.digest == one.digest)
        #expect(other.shards == 28)
        // Without the index the shards still tell the paths of their source.
        unlink("\(scratch.path)/other/index.tsv")
        unlink("\(scratch.path)/other/pack.json")
        let scanned = try ImageDataset("\(scratch.path)/other")
        #expect(scanned.digest == folder.digest)
        #expect(scanned.contentDigest == nil)
    }

    @Test("any number of samples to a shard is a pack", arguments: [6, 7, 1 << 32, Int.max])
    func largeShards(samples: Int) throws {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 3)
        let summary = try pack(ImageDataset("\(scratch.path)/data"), "\(scratch.path)/out") {
            $0.samplesPerShard = samples
            $0.workers = .max
        }
        #expect(summary.shards == 1 && summary.images == 6)
    }

    @Test("only larger images are resized, as torchvision's Resize sizes them") func resizing()
        throws
    {
        let scratch = try Scratch()
        let sizes = [(37, 41), (30, 90), (91, 31), (29, 100), (200, 30)]
        for (index, size) in sizes.enumerated() {
            var image = Image(width: size.0, height: size.1, fill: (9, 99, 200))
            image.paste(Scratch.image(label: 1, index: index), x: 3, y: 2)
            let bytes =
                try index == 2 ? ImageEncoder.png(image) : ImageEncoder.jpeg(image, quality: 90)
            try scratch.write("data/a/\(index).\(index == 2 ? "png" : "jpg")", bytes)
        }
        let folder = try ImageDataset("\(scratch.path)/data")
        let summary = try pack(folder, "\(scratch.path)/out") {
            $0.maxShortSide = 30; $0.quality = 80
        }
        #expect(summary.resized == 2)
        let packed = try ImageDataset("\(scratch.path)/out")
        #expect(
            packed.samples.map(\.path) == ["a/0.jpg", "a/1.jpg", "a/2.jpg", "a/3.jpg", "a/4.jpg"])
        #expect(packed.digest != folder.digest)
        let shown = try (0..<5).map { try packed.bounds(of: $0) }.map { [$0.width, $0.height] }
        // int(30 · 41 / 37) and int(30 · 91 / 31); the others have a short side of 30 at most.
        #expect(shown == [[30, 33], [30, 90], [88, 30], [29, 100], [200, 30]])
        for index in [1, 3, 4] {
            let (before, after) = try (
                folder.reading(index, into: FileBuffer()) { Array($0) },
                packed.reading(index, into: FileBuffer()) { Array($0) }
            )
            #expect(before == after)
        }
        let expected = try ImageEncoder.jpeg(
            folder.image(2).resized(width: 88, height: 30, interpolation: .bicubic), quality: 80)
        #expect(try packed.reading(2, into: FileBuffer()) { Array($0) } == expected)
    }

    @Test("names obey WebDataset's rule, stay inside, and are unique in a shard") func names() {
        var names = MemberNames()
        let cases = [
            ("a/b.jpg", "a/b.jpg"), ("a.b/c.d.JPEG", "a.b/c_d.JPEG"),
            ("a.b/c_d.png", "a.b/c_d-2.png"),
            ("/etc/x.jpg", "etc/x.jpg"), ("../../x.jpg", "__/__/x.jpg"), ("./y//z.jpg", "y/z.jpg"),
            ("photo", "photo.jpg"), ("scan.bmp", "scan_bmp.jpg"), ("a/b.jpg", "a/b-2.jpg"),
            ("a/b.jpg", "a/b-3.jpg"), (".jpg", "_jpg.jpg"), ("__x__/1.jpg", "-__x__/1.jpg"),
        ]
        for (path, expected) in cases {
            let name = names.next(path, ending: "jpg")
            #expect(name.image == expected)
            #expect(name.source == (expected == path ? nil : path))
            #expect(ShardScan.split(name.image)?.key == ShardScan.split(name.label)?.key)
        }
    }

    @Test("a folder with something else is left alone") func otherFolder() throws {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 4)
        try scratch.writeImages("more", classes: 2, perClass: 5)
        try scratch.write("taken/notes.txt", [1])
        try scratch.write("file", [1])
        let data = try ImageDataset("\(scratch.path)/data")
        _ = try pack(data, "\(scratch.path)/out")
        func message(
            _ dataset: ImageDataset, _ out: String,
            _ change: (inout DatasetPacker.Options) -> Void = { _ in }
        ) -> String? {
            do {
                _ = try pack(dataset, "\(scratch.path)/\(out)", change)
                return nil
            } catch { return "\(error)".replacingOccurrences(of: scratch.path, with: "…") }
        }
        #expect(
            message(data, "taken")
                == "…/taken: holds something else (notes.txt)")
        #expect(message(data, "file") == "…/file: is not a folder")
        #expect(message(data, "data") == "…/data: lies in the data set")
        #expect(
            message(data, "data/p/q") == "…/data/p/q: lies in the data set")
        #expect(!FileManager.default.fileExists(atPath: "\(scratch.path)/data/p"))
        #expect(
            message(data, "out") { $0.samplesPerShard = 6 }
                == "…/out: holds another pack (samples_per_shard 5 there, 6 here)")
        #expect(
            message(data, "out") { $0.maxShortSide = 20 }
                == "…/out: holds another pack (max_short_side none there, 20 here)")
        let more = try ImageDataset("\(scratch.path)/more")
        #expect(
            message(more, "out")
                == "…/out: holds another pack (8 samples there, 10 here)")
        try scratch.write("data/class0/0.jpg", [1])
        #expect(
            message(try ImageDataset("\(scratch.path)/data"), "out")
                == "…/out: holds another pack (its data set is another one, or has changed)")
    }

    @Test("Python's tarfile and webdataset read what we write") func peers() throws {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 4)
        let long = String(repeating: "long", count: 60)
        for name in ["a.b.jpg", "\(long).jpg", "\(long)/\(long).jpg", "ünï.jpg"] {
            try scratch.write("data/class1/\(name)", Array(name.utf8))
        }
        _ = try pack(ImageDataset("\(scratch.path)/data"), "\(scratch.path)/out")
        let script = Fixture.url("loading/check_pack.py").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script, "\(scratch.path)/out"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text.hasPrefix("12 samples"))
    }
}
