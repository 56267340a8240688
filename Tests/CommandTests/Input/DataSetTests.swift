import Foundation
import Testing

@Suite("Data sets as they are found", .serialized) struct DataSetTests {
    private static let train = [
        "train", "--recipe", "base.yaml", "--out", "run", "--max-steps", "1",
    ]

    @Test("images that cannot be read are counted and named at the start") func leftOut() throws {
        let folder = try Folder()
        for ending in ["webp", "gif", "bmp", "tiff"] {
            try folder.write("train/c0/x.\(ending)", Data([1]))
        }
        let notice =
            "train/c0: 4 images that cannot be read (.webp, .bmp, .tiff, .gif) are left out"
        let stats = ["views", "stats", "--recipe", "base.yaml"]
        let text = try Program.run(stats, in: folder)
        #expect(
            text.output.split(separator: "\n").dropFirst().first.map {
                $0.replacingOccurrences(of: "\(folder.path)/", with: "")
            } == "note     \(notice)", "\(text.output)")
        let json = try Program.run(stats + ["--json"], in: folder)
        #expect(json.output.contains("\(notice)\"]"), "\(json.output)")
        for arguments in [
            Self.train, ["pack", "--data", "train", "--out", "packed"],
            ["views", "--recipe", "base.yaml", "--slots", "0..<1", "--params", "p.json"],
        ] {
            let outcome = try Program.run(arguments, in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(
                outcome.errors.split(separator: "\n").filter { $0.hasSuffix(notice) }.count == 1,
                "\(outcome.errors)")
        }
    }

    @Test("another format under the name of a JPEG is named, with what to do") func foreign() throws
    {
        let folder = try Folder()
        // One of the 48 that the two steps of an epoch show.
        try folder.write("train/c1/1.jpg", Data("RIFF....WEBPVP8 ".utf8))
        let train = ["train", "--recipe", "base.yaml", "--max-steps", "2", "--out"]
        let outcome = try Program.run(train + ["run"], in: folder)
        #expect(outcome.status == 1)
        #expect(
            outcome.lastError.hasSuffix(
                "train/c1/1.jpg: is WebP: convert it to JPEG or PNG, or set data.on_error: "
                    + "substitute"), "\(outcome.errors)")
        let other = try Program.run(
            train + ["other", "--set", "data.on_error=substitute"], in: folder)
        #expect(other.status == 0, "\(other.errors)")
    }

    @Test("a bad validation image ends a training before it begins") func validation() throws {
        let folder = try Folder()
        let whole = try folder.data("val/c3/3.jpg")
        try folder.write("val/c3/zz.jpg", whole.dropLast(200))
        let outcome = try Program.run(
            Self.train + ["--set", "data.on_error=substitute"], in: folder)
        #expect(outcome.status == 1)
        #expect(
            outcome.lastError.hasSuffix(
                "val/c3/zz.jpg: JPEG: Premature end of input file; every validation image counts, "
                    + "data.on_error is for training images"), "\(outcome.errors)")
        #expect(!folder.exists("run/checkpoints"))
    }

    @Test(
        "numbers beyond all bounds end in one line",
        arguments: [
            ["stats", "--epoch", "4294967296"], ["stats", "--epoch", "\(Int.max)"],
            ["stats", "--slots", "0..<\(Int.max)"], ["bench", "--views", "\(Int.max)"],
            ["bench", "--workers", "4294967296"], ["bench", "--prefetch", "\(Int.max)"],
            ["show", "--slots", "0..<\(Int.max)", "--params", "p.json"],
            ["show", "--slots", "0..<1", "--epoch", "\(1 << 32)", "--params", "p.json"],
        ])
    func bounds(arguments: [String]) throws {
        let folder = try Folder()
        let outcome = try Program.run(
            ["views"] + arguments.prefix(1) + ["--recipe", "base.yaml"] + arguments.dropFirst(),
            in: folder)
        #expect([1, 64].contains(outcome.status), "\(outcome.errors)")
        #expect(outcome.errors.contains("Error: --"), "\(outcome.errors)")
        #expect(!folder.exists("p.json"))
    }

    @Test("the last epoch that a recipe can have has views") func lastEpoch() throws {
        let folder = try Folder()
        let outcome = try Program.run(
            ["views", "stats", "--recipe", "base.yaml", "--epoch", "999999"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
    }
}
