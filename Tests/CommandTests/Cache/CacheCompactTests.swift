import Foundation
import Testing

@Suite("cache compact", .serialized) struct CacheCompactTests {
    private static let compact = ["cache", "compact", "--cache", "cache"]

    private func files(_ folder: Folder, _ cache: String) throws -> [String] {
        try folder.contents(cache).keys.sorted()
    }

    @Test("killed at random moments and run again, it ends with the bytes of an uninterrupted one")
    func killed() throws {
        let folder = try Folder.prepared()
        // 12 epochs of four parts.
        let build = try Program.run(
            [
                "cache", "build", "--recipe", "student.yaml", "--cache", "parts", "--set",
                "cache.groups_per_part=1", "--set", "cache.epochs=12", "--set",
                "schedule.epochs=12",
            ], in: folder)
        try #require(build.status == 0, "\(build.errors)")
        func copied(_ name: String) throws -> [String] {
            try FileManager.default.copyItem(
                atPath: "\(folder.path)/parts", toPath: "\(folder.path)/\(name)")
            return ["cache", "compact", "--cache", name, "--json"]
        }
        let start = ContinuousClock.now
        let whole = try Program.run(try copied("whole"), in: folder)
        let seconds = start.duration(to: .now) / .seconds(1)
        #expect(whole.status == 0, "\(whole.errors)")
        let expected = try folder.contents("whole")
        #expect(expected.count == 13)

        var moments = Moments()
        var left: [Int] = []
        for kill in 0..<moments.kills {
            let compact = try copied("killed-\(kill)")
            try killed(
                compact, in: folder, cache: "killed-\(kill)", after: Int(13 * moments.uniform()),
                and: seconds / 12 * moments.uniform())
            left.append(
                try files(folder, "killed-\(kill)").filter { $0.hasPrefix("epoch-") }.count)
            let verify = try Program.run(
                ["cache", "verify", "--cache", "killed-\(kill)", "--json"], in: folder)
            #expect(verify.status == 0, "\(verify.errors)")
            #expect(verify.output.contains("\"parts\":48,"), "\(verify.output)")
            let rest = try Program.run(compact, in: folder)
            #expect(rest.status == 0, "\(rest.errors)")
            #expect(try folder.contents("killed-\(kill)") == expected, "seed \(moments.seed)")
            #expect(!folder.exists("killed-\(kill)/epoch-0000"))
        }
        print("files after each kill, of 48 parts or 12 epochs: \(left)")
    }

    /// Starts it, waits for so many epochs' files, then for some seconds, and kills it.
    private func killed(
        _ arguments: [String], in folder: Folder, cache: String, after epochs: Int,
        and seconds: Double
    ) throws {
        let process = try Program.start(
            arguments, in: folder.path, output: URL(fileURLWithPath: "\(folder.path)/output"),
            errors: URL(fileURLWithPath: "\(folder.path)/errors"))
        func written() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(cache)")
                .filter { $0.hasPrefix("epoch-") && $0.hasSuffix(".h5") }.count
        }
        while process.isRunning, try written() < epochs {
            Thread.sleep(forTimeInterval: 0.0005)
        }
        Thread.sleep(forTimeInterval: seconds)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    @Test("it says what it did, and every command reads the cache as before") func path() throws {
        let folder = try Folder.prepared()
        let rows = ["cache", "rows", "--cache", "cache", "--epoch", "1", "--slots", "0..<48"]
        let before = try Program.run(rows + ["--json"], in: folder)
        let info = ["cache", "info", "--cache", "cache"]
        #expect(
            try Program.run(info, in: folder).output
                .contains("\nparts        4 of 4; 0 epochs in one file each\n"))

        let one = try Program.run(Self.compact + ["--epochs", "1..<2", "--json"], in: folder)
        #expect(one.status == 0, "\(one.errors)")
        var bytes = try folder.data("cache/epoch-0001.h5").count
        #expect(
            one.output == "{\"bytes\":\(bytes),\"compacted\":1,\"faults\":[],\"incomplete\":[],"
                + "\"present\":0,\"removed\":2}\n")
        let rest = try Program.run(Self.compact, in: folder)
        bytes += try folder.data("cache/epoch-0000.h5").count
        #expect(
            rest.output == "cache: 1 epochs compacted, 1 were already; 2 part files removed; "
                + "\(String(format: "%.1f", Double(bytes) / 1000)) kB in epoch files\n")
        #expect(
            try files(folder, "cache") == ["epoch-0000.h5", "epoch-0001.h5", "manifest.json"])

        #expect(try Program.run(rows + ["--json"], in: folder).output == before.output)
        #expect(
            try Program.run(info, in: folder).output
                .contains("\nparts        4 of 4; 2 epochs in one file each\n"))
        let json = try Program.run(info + ["--json"], in: folder)
        #expect(json.output.contains("\"bytes\":\(bytes),"), "\(json.output)")
        #expect(json.output.contains("\"epoch_files\":2,"), "\(json.output)")

        // Nothing is left to compute, and the teacher agrees with what is there.
        let contents = try folder.contents("cache")
        let build = try Program.run(
            ["cache", "build", "--recipe", "student.yaml", "--cache", "cache", "--json"],
            in: folder)
        #expect(build.status == 0, "\(build.errors)")
        #expect(build.output.contains("\"built\":0,"), "\(build.output)")
        #expect(build.output.contains("\"skipped\":4,"), "\(build.output)")
        #expect(build.output.contains("\"bytes\":\(bytes),"), "\(build.output)")
        #expect(try folder.contents("cache") == contents)
        let verify = try Program.run(
            [
                "cache", "verify", "--cache", "cache", "--recipe", "student.yaml", "--sample", "2",
            ], in: folder)
        #expect(verify.status == 0, "\(verify.errors)")
        let merge = try Program.run(
            ["cache", "merge", "--into", "all", "cache", "--json"], in: folder)
        #expect(merge.output == "{\"copied\":0,\"linked\":4,\"missing\":0,\"present\":0}\n")
        #expect(try folder.contents("all") == contents)
    }

    @Test("incomplete epochs are named, and a damaged part is one line and exit status 1")
    func left() throws {
        let folder = try Folder.prepared()
        try FileManager.default.removeItem(
            atPath: "\(folder.path)/cache/epoch-0000/part-00001.h5")
        let part = "cache/epoch-0001/part-00000.h5"
        try folder.write(part, Data(folder.data(part).dropLast(100)))
        let before = try folder.contents("cache")
        let run = try Program.run(Self.compact, in: folder)
        #expect(run.status == 1)
        #expect(run.output.hasPrefix("\(part): cannot open: "), "\(run.output)")
        #expect(
            run.output.hasSuffix(
                "; delete this file and build the part again\n"
                    + "epoch 0 is left as it is; missing parts: 1\n"
                    + "cache: 0 epochs compacted, 0 were already; 0 part files removed; 0 B in "
                    + "epoch files\n"), "\(run.output)")
        #expect(run.lastError == "Error: cache: 1 of 1 complete epochs are left as they are")
        #expect(try folder.contents("cache") == before)

        try FileManager.default.removeItem(atPath: "\(folder.path)/\(part)")
        let both = try Program.run(Self.compact, in: folder)
        #expect(both.status == 0, "\(both.errors)")
        #expect(
            both.output.hasPrefix("epochs 0..<2 are left as they are; missing parts: 1 of each\n"),
            "\(both.output)")
        let json = try Program.run(Self.compact + ["--json"], in: folder)
        #expect(
            json.output.contains(
                "\"incomplete\":[{\"epoch\":0,\"missing\":1},{\"epoch\":1,\"missing\":1}]"),
            "\(json.output)")
        let beyond = try Program.run(Self.compact + ["--epochs", "1..<3"], in: folder)
        #expect(beyond.status == 1)
        #expect(
            beyond.errors
                == "Error: cache: epochs 1..<3 end beyond the 2 of the cache; lower --epochs\n")
    }

    @Test("a full disk stops it with path and bytes, and leaves every part") func fullDisk() throws
    {
        let folder = try Folder.prepared()
        let expected = try folder.contents("cache")
        try FileManager.default.copyItem(
            atPath: "\(folder.path)/cache", toPath: "\(folder.path)/whole")
        try Program.run(["cache", "compact", "--cache", "whole"], in: folder)
        let bytes = try folder.data("whole/epoch-0000.h5").count
        // Most of the file can be written, and not all of it.
        let full = try Program.run(Self.compact, in: folder, fileLimit: (bytes - 1) / 512)
        #expect(full.status == 1)
        #expect(
            full.lastError == "Error: cache/epoch-0000.h5: cannot write \(bytes) bytes: File too "
                + "large; raise the limit of a file's size (ulimit -f) and run again, finished parts "
                + "are kept")
        #expect(try folder.contents("cache") == expected)
        let rest = try Program.run(Self.compact, in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(try folder.contents("cache") == folder.contents("whole"))
    }
}
