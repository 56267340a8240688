import Foundation
import Testing

@Suite("A cache that grows", .serialized) struct CacheGrowthTests {
    private static func build(_ epochs: Int) -> [String] {
        [
            "cache", "build", "--recipe", "student.yaml", "--cache", "cache",
            "--set", "cache.epochs=\(epochs)",
        ]
    }

    /// A student of a recipe with so many epochs of views, for a few steps of which two are an epoch.
    private static func train(_ epochs: Int, out: String, steps: Int) -> [String] {
        [
            "train", "--recipe", "student.yaml", "--cache", "cache", "--out", out, "--resume",
            "--set", "cache.epochs=\(epochs)", "--max-steps", "\(steps)", "--trace",
            "\(out).jsonl",
        ]
    }

    @Test("a build adds the further epochs, for students of the longer and of the shorter recipe")
    func grown() throws {
        let folder = try Folder.prepared()
        let before = try folder.contents("cache")
        // Two cached epochs, replayed.
        for command in [
            Self.train(2, out: "whole", steps: 6), Self.train(2, out: "stopped", steps: 3),
        ] {
            let run = try Program.run(command, in: folder)
            try #require(run.status == 0, "\(run.errors)")
        }
        let refused = try Program.run(Self.train(3, out: "longer", steps: 6), in: folder)
        #expect(
            refused.errors
                == "Error: cache: holds 2 epochs, and recipe student sees 3; build the others with "
                + "understudy cache build, or pass --build-cache to compute them in passing, or "
                + "--wait to follow a build that is running\n")
        #expect(!folder.exists("longer"))

        let grown = try Program.run(Self.build(3), in: folder)
        #expect(grown.errors.contains("the cache grows from 2 to 3 epochs\n"), "\(grown.errors)")
        #expect(grown.output.hasPrefix("cache: 2 parts built, 4 were there, "), "\(grown.output)")
        let after = try folder.contents("cache")
        #expect(after.count == before.count + 2)
        for (name, bytes) in before where name != "manifest.json" {
            #expect(after[name] == bytes, "\(name)")
        }
        let again = try Program.run(Self.build(2), in: folder)
        #expect(again.output.hasPrefix("cache: 0 parts built, 4 were there, "), "\(again.errors)")
        #expect(try folder.contents("cache") == after)
        let info = try Program.run(["cache", "info", "--cache", "cache"], in: folder)
        #expect(info.output.contains("epochs       3 of 3 complete\n"), "\(info.output)")

        // The shorter recipe replays its own two, the stopped run goes on with them.
        for command in [
            Self.train(2, out: "later", steps: 6), Self.train(2, out: "stopped", steps: 6),
            Self.train(3, out: "longer", steps: 6),
        ] {
            let run = try Program.run(command, in: folder)
            #expect(run.status == 0, "\(run.errors)")
        }
        let whole = try folder.data("whole.jsonl")
        #expect(try folder.data("later.jsonl") == whole)
        #expect(try folder.data("stopped.jsonl") == whole)
        #expect(try folder.data("longer.jsonl") != whole)
    }

    @Test("a training or several processes let it grow as well") func others() throws {
        let folder = try Folder.prepared()
        let processes = try Program.run(Self.build(4) + ["--processes", "2"], in: folder)
        #expect(processes.status == 0, "\(processes.errors)")
        #expect(processes.output.hasPrefix("cache: 4 parts built, 4 were there, "))
        let run = try Program.run(
            Self.train(5, out: "run", steps: 10) + ["--build-cache"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            run.errors.contains("computing what is missing: 2 parts of epoch 4\n"),
            "\(run.errors)")
        let verified = try Program.run(["cache", "verify", "--cache", "cache"], in: folder)
        #expect(
            verified.output.hasPrefix("cache: 10 of 10 parts are there; 240 responses are sound"))
    }
}
