import Foundation
import Imaging
import Testing

@Suite("Packing a data set", .serialized) struct PackTests {
    /// The last line of standard error, without the folder's own path.
    private func fail(_ folder: Folder, _ arguments: [String]) throws -> String {
        let outcome = try Program.run(["pack"] + arguments, in: folder)
        #expect(outcome.status != 0, "\(arguments)")
        return outcome.lastError.replacingOccurrences(of: folder.path, with: "…")
    }

    @Test("a cache of the folder is a cache of its pack") func cache() throws {
        let folder = try Folder.prepared()
        for name in ["train", "val"] {
            let outcome = try Program.run(
                ["pack", "--data", name, "--out", "packed/\(name)", "--samples-per-shard", "7"],
                in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let packs = ["--set", "data.train=packed/train", "--set", "data.val=packed/val"]
        let train = ["train", "--recipe", "student.yaml", "--cache", "cache", "--max-steps", "3"]
        let (plain, packed) = try (
            Program.run(train + ["--out", "a", "--trace", "a.jsonl"], in: folder),
            Program.run(train + ["--out", "b", "--trace", "b.jsonl"] + packs, in: folder)
        )
        #expect(plain.status == 0, "\(plain.errors)")
        #expect(packed.status == 0, "\(packed.errors)")
        #expect(try folder.data("a.jsonl") == folder.data("b.jsonl"))
        // What was begun from the folder is whole for the pack too.
        let built = try Program.run(
            ["cache", "build", "--recipe", "student.yaml", "--cache", "cache", "--json"] + packs,
            in: folder)
        #expect(built.output.contains("\"built\":0"), "\(built.errors)")
    }

    @Test("a cache of a pack knows its contents") func content() throws {
        let folder = try Folder.prepared()
        let pack = ["pack", "--data", "train", "--out"]
        try Program.run(pack + ["packed"], in: folder)
        let build = ["cache", "build", "--recipe", "student.yaml", "--cache", "other"]
        let packed = ["--set", "data.train=packed"]
        let first = try Program.run(build + packed + ["--epochs", "0..<1"], in: folder)
        #expect(first.status == 0, "\(first.errors)")
        // The folder does not know its contents, and is not held to them.
        #expect(try Program.run(build + ["--epochs", "0..<1"], in: folder).status == 0)
        // Another picture of the same size, packed, is found out.
        var bytes = try folder.data("train/c0/0.jpg")
        bytes[bytes.count - 3] ^= 1
        try folder.write("train/c0/0.jpg", bytes)
        try Program.run(pack + ["changed"], in: folder)
        let other = try Program.run(build + ["--set", "data.train=changed"], in: folder)
        #expect(other.errors.contains("data.content: "), "\(other.errors)")
        #expect(!other.errors.contains("data.digest: "), "\(other.errors)")
    }

    @Test("a killed run ends with the same bytes") func killed() throws {
        let folder = try Folder()
        // Large enough that resizing them takes longer than noticing the first shards.
        let pixels = (0..<1400 * 1100 * 3).map { UInt8(truncatingIfNeeded: $0 / 7 &* $0) }
        let image = Image(width: 1400, height: 1100, pixels: pixels)
        let bytes = try Data(ImageEncoder.jpeg(image, quality: 90))
        for index in 0..<24 { try folder.write("large/c\(index % 2)/\(index).jpg", bytes) }
        let pack = [
            "pack", "--data", "large", "--max-short-side", "300", "--samples-per-shard", "2",
            "--out",
        ]
        let whole = try Program.run(pack + ["whole", "--workers", "3"], in: folder)
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(whole.output.hasPrefix("whole: 24 images in 12 shards, "))
        // Once a shard is there, and amid another.
        for begin in ["shard-000001.tar", ".tmp-shard-000004.tar-"] {
            let process = try Program.start(
                pack + ["part", "--workers", "1"], in: folder.path,
                output: URL(fileURLWithPath: "\(folder.path)/output"),
                errors: URL(fileURLWithPath: "\(folder.path)/errors"))
            let deadline = Date(timeIntervalSinceNow: 60)
            func isThere() throws -> Bool {
                guard folder.exists("part") else { return false }
                let names = try FileManager.default.contentsOfDirectory(
                    atPath: "\(folder.path)/part")
                return names.contains { $0.hasPrefix(begin) }
            }
            while try !isThere(), Date() < deadline { usleep(500) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(folder.exists("part/shard-000000.tar"))
            #expect(!folder.exists("part/shard-000011.tar"))
        }
        #expect(
            try fail(folder, ["--data", "part", "--out", "other"])
                == "Error: part: packing it is not finished; run the same understudy pack again")
        let rest = try Program.run(pack + ["part", "--workers", "1"], in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(try folder.contents("part") == folder.contents("whole"))
        let again = try Program.run(pack + ["part", "--json"], in: folder)
        #expect(again.output.contains("\"written\":0"))
        #expect(again.output.contains("\"images\":24"))
    }

    @Test("a whole pack is verified, and a damaged shard is named") func verify() throws {
        let folder = try Folder()
        try Program.run(
            ["pack", "--data", "train", "--out", "out", "--samples-per-shard", "20"], in: folder)
        let whole = try Program.run(["pack", "--out", "out", "--verify"], in: folder)
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(whole.output.hasPrefix("out: 48 images in 3 shards, "), "\(whole.output)")
        let json = try Program.run(["pack", "--out", "out", "--verify", "--json"], in: folder)
        #expect(json.output.contains("\"shards\":3"), "\(json.output)")
        var bytes = try folder.data("out/shard-000002.tar")
        bytes[600] ^= 1
        try folder.write("out/shard-000002.tar", bytes)
        #expect(
            try fail(folder, ["--out", "out", "--verify"])
                == "Error: out: 1 of 3 shards are damaged: shard-000002.tar; restore them, or run the "
                + "same understudy pack again, which writes them anew")
        #expect(
            try fail(folder, ["--out", "train", "--verify"])
                == "Error: train: is no whole pack: index.tsv has no SHA-256 of its shards")
    }

    @Test("usage errors") func usage() throws {
        let folder = try Folder()
        let pack = ["--data", "train", "--out", "out"]
        for (arguments, message) in [
            (
                ["--quality", "80"],
                "--quality needs --max-short-side: other images keep their bytes"
            ),
            (["--max-short-side", "20", "--quality", "0"], "--quality must be 1 to 100"),
            (["--max-short-side", "0"], "--max-short-side must be between 1 and 16384"),
            (
                ["--samples-per-shard", "9223372036854775807"],
                "--samples-per-shard must be between 1 and 4294967295"
            ),
            (["--workers", "0"], "--workers must be between 1 and 1024"),
            (["--workers", "\(Int.max)"], "--workers must be between 1 and 1024"),
            (["--verify"], "--verify compares the pack in --out alone: leave out --data"),
        ] {
            let outcome = try Program.run(["pack"] + pack + arguments, in: folder)
            #expect(outcome.status == 64)
            #expect(outcome.errors.contains("Error: \(message)\n"), "\(outcome.errors)")
        }
        #expect(!folder.exists("out"))
    }

    @Test("a corrupt image stops a resizing run with its path, and leaves nothing half-written")
    func corrupt() throws {
        let folder = try Folder()
        try folder.write("train/c1/1.jpg", Data([0xff, 0xd8, 0xff, 0xe0, 0, 1]))
        let message = try fail(
            folder,
            [
                "--data", "train", "--out", "out", "--max-short-side", "8", "--samples-per-shard",
                "5",
            ])
        #expect(message.hasPrefix("Error: train/c1/1.jpg: JPEG: "), "\(message)")
        // Class 0 has 12 images: two shards are whole.
        #expect(
            try folder.contents("out").keys.sorted() == [
                "classes.txt", "pack.json", "shard-000000.tar", "shard-000001.tar", "shards.sha256",
            ])
    }

    @Test("missing data and taken folders are one line") func folders() throws {
        let folder = try Folder()
        #expect(
            try fail(folder, ["--data", "none", "--out", "out"])
                == "Error: none: no such data set: No such file or directory")
        #expect(
            try fail(folder, ["--data", "train", "--out", "val"])
                == "Error: val: holds something else (c0); choose another --out")
        #expect(
            try fail(folder, ["--data", "train", "--out", "card.yaml/out"])
                == "Error: card.yaml/out: cannot make the folder: Not a directory")
        #expect(!folder.exists("out"))
    }

    @Test("a full disk is one line, and whole shards are kept") func fullDisk() throws {
        let folder = try Folder()
        // Files may not grow beyond 8 blocks of 512 bytes: a stand-in for a full disk.
        let outcome = try Program.run(
            ["pack", "--data", "train", "--out", "out"], in: folder, fileLimit: 8)
        #expect(outcome.status == 1)
        #expect(
            outcome.lastError
                == "Error: out/shard-000000.tar: cannot be written: File too large; raise the limit "
                + "of a file's size (ulimit -f) and run again, whole shards are kept")
        #expect(try folder.contents("out").keys.sorted() == ["classes.txt", "pack.json"])
    }
}
