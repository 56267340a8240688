import Foundation
import Testing

@Suite("Building a cache", .serialized) struct CacheBuildTests {
    /// 48 parts of one group instead of four parts, and in the encoding that learns a prior first.
    private static let small = [
        "--set", "cache.groups_per_part=1", "--set", "cache.epochs=12", "--set",
        "schedule.epochs=12", "--set", "cache.encoding=bounded", "--set", "cache.top_k=none",
    ]

    /// 192 parts: more than are built between so many kills.
    private static let manyParts =
        small + ["--set", "cache.epochs=48", "--set", "schedule.epochs=48"]

    private static func build(_ cache: String) -> [String] {
        ["cache", "build", "--recipe", "student.yaml", "--cache", cache]
    }

    @Test("killed at random moments, it ends with the bytes of an uninterrupted one")
    func killed() throws {
        let folder = try Folder.prepared()
        let whole = try Program.run(Self.build("whole") + Self.manyParts, in: folder)
        try #require(whole.status == 0, "\(whole.errors)")

        var moments = Moments()
        var published = [0]
        for _ in 0..<moments.kills {
            let parts = Int(4 * moments.uniform())
            published.append(
                try killedBuild(
                    in: folder, after: parts, and: (parts == 0 ? 0.5 : 0.03) * moments.uniform()))
        }
        print("parts after each kill: \(published.dropFirst())")
        #expect(published[published.count - 1] < 193, "the last kills found nothing to do")
        let rest = try Program.run(Self.build("part") + Self.manyParts, in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(published == published.sorted(), "a published part went")
        let expected = try folder.contents("whole")
        // The manifest, the prior and the parts.
        #expect(expected.count == 194)
        #expect(try folder.contents("part") == expected, "seed \(moments.seed)")
    }

    /// Starts the build, waits for so many new parts, then for some seconds, and kills it.
    ///
    /// - Returns: the parts that are there then.
    private func killedBuild(in folder: Folder, after parts: Int, and seconds: Double) throws -> Int
    {
        func published() throws -> Int {
            guard folder.exists("part") else { return 0 }
            return try FileManager.default.subpathsOfDirectory(atPath: "\(folder.path)/part")
                .filter { $0.hasSuffix(".h5") }.count
        }
        let before = try published()
        let process = try Program.start(
            Self.build("part") + Self.manyParts, in: folder.path,
            output: URL(fileURLWithPath: "\(folder.path)/output"),
            errors: URL(fileURLWithPath: "\(folder.path)/errors"))
        while process.isRunning, try published() < before + parts {
            Thread.sleep(forTimeInterval: 0.001)
        }
        Thread.sleep(forTimeInterval: seconds)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return try published()
    }

    @Test(
        "two processes at once give the bytes of one",
        arguments: [[[], []], [["--shard", "0/2"], ["--shard", "1/2"]]])
    func atOnce(_ shards: [[String]]) throws {
        let folder = try Folder.prepared()
        let processes = try shards.enumerated().map { index, shard in
            try Program.start(
                Self.build("other") + shard, in: folder.path,
                output: URL(fileURLWithPath: "\(folder.path)/output-\(index)"),
                errors: URL(fileURLWithPath: "\(folder.path)/errors-\(index)"))
        }
        for (index, process) in processes.enumerated() {
            process.waitUntilExit()
            let errors = try String(decoding: folder.data("errors-\(index)"), as: UTF8.self)
            #expect(process.terminationStatus == 0, "\(errors)")
        }
        #expect(try folder.contents("other") == folder.contents("cache"))
    }

    @Test("shards built one after another give the same bytes, and say what is missing")
    func shards() throws {
        let folder = try Folder.prepared()
        let environments = [
            ["RANK": "2", "WORLD_SIZE": "3"], ["SLURM_PROCID": "0", "SLURM_NTASKS": "3"],
            ["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "3"],
        ]
        var ends: [String] = []
        for environment in environments {
            let outcome = try Program.run(
                Self.build("other"), in: folder, environment: environment)
            #expect(outcome.status == 0, "\(outcome.errors)")
            // What a whole cache says of the labels is the last line.
            let lines = outcome.output.split(separator: "\n").map(String.init)
            ends.append(lines.last { !$0.hasPrefix("labels: ") } ?? "")
            if environment["RANK"] != nil {
                #expect(
                    outcome.errors.hasSuffix(
                        "\nshard 2/3 (RANK and WORLD_SIZE): 1 of the 4 parts\n"))
                #expect(outcome.output.hasPrefix("other, shard 2/3: 1 parts built, 0 were there"))
                #expect(folder.exists("other/epoch-0001/part-00000.h5"))
            }
        }
        #expect(ends[0] == "3 parts of other shards are still missing")
        #expect(ends[1] == "1 parts of other shards are still missing")
        #expect(ends[2].hasPrefix("other, shard 1/3: 1 parts built"))
        #expect(try folder.contents("other") == folder.contents("cache"))
    }

    // How a sum is split over threads may decide its last bit, so all have one.
    private static let oneThread = ["OMP_NUM_THREADS": "1"]

    @Test("processes of one command give the same bytes, also after Ctrl-C") func processes() throws
    {
        let folder = try Folder.prepared()
        let whole = try Program.run(
            Self.build("whole") + Self.small, in: folder, environment: Self.oneThread)
        try #require(whole.status == 0, "\(whole.errors)")
        let build = Self.build("other") + Self.small + ["--processes", "3"]

        let errors = URL(fileURLWithPath: "\(folder.path)/errors")
        let process = try Program.start(
            build, in: folder.path, output: URL(fileURLWithPath: "\(folder.path)/output"),
            errors: errors, environment: Self.oneThread)
        while process.isRunning, !folder.exists("other/epoch-0000/part-00000.h5") {
            Thread.sleep(forTimeInterval: 0.001)
        }
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        #expect(
            try String(contentsOf: errors, encoding: .utf8)
                == "stopped; the parts published so far are kept, and the same command goes on from "
                + "there\n")
        let published = try folder.contents("other").keys.filter { $0.contains("/part-") }.count
        #expect((1..<48).contains(published), "\(published)")

        let rest = try Program.run(
            build + ["--json"], in: folder, environment: Self.oneThread)
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(rest.output.contains("\"built\":\(48 - published),"), "\(rest.output)")
        #expect(rest.output.contains("\"skipped\":\(published),"), "\(rest.output)")
        #expect(rest.output.contains("\"missing\":0,"), "\(rest.output)")
        #expect(try folder.contents("other") == folder.contents("whole"))

        try FileManager.default.removeItem(atPath: "\(folder.path)/teacher")
        let failed = try Program.run(build, in: folder)
        #expect(failed.status == 1)
        #expect(failed.errors.hasPrefix("Error: "), "\(failed.errors)")
        #expect(failed.errors.contains("teacher/average.safetensors"), "\(failed.errors)")
    }

    @Test("several processes cannot share a pipe, and say so") func pipe() throws {
        let folder = try Folder.prepared()
        let outcome = try Shell.run(
            "cat student.yaml | \"$0\" \"$@\"",
            [
                "cache", "build", "--recipe", "/dev/stdin", "--cache", "new", "--processes", "2",
            ], in: folder)
        #expect(
            outcome.errors
                == "Error: /dev/stdin: is a pipe, which only one process can read; save it as a file "
                + "for --processes\n")
        #expect(!folder.exists("new"))
    }

    @Test("what several processes say of the data is passed on once") func notices() throws {
        let folder = try Folder.prepared()
        try folder.write("train/c0/x.webp", Data([1]))
        let notice = "train/c0: 1 image that cannot be read (.webp) is left out\n"
        for processes in ["1", "2"] {
            let outcome = try Program.run(
                Self.build("new-\(processes)") + ["--processes", processes], in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.errors.components(separatedBy: notice).count == 2, "\(outcome.errors)")
        }
    }

    /// Starts a build by two processes and waits for its first part.
    private func startProcesses(in folder: Folder) throws -> Process {
        let process = try Program.start(
            Self.build("other") + Self.manyParts + ["--processes", "2"], in: folder.path,
            output: URL(fileURLWithPath: "\(folder.path)/output"),
            errors: URL(fileURLWithPath: "\(folder.path)/errors"), environment: Self.oneThread)
        while process.isRunning, !folder.exists("other/epoch-0000/part-00000.h5") {
            Thread.sleep(forTimeInterval: 0.005)
        }
        #expect(Self.children(of: process).count == 2)
        return process
    }

    /// The processes that a build has started and that run, whoever their parent is now.
    private static func children(of process: Process) -> [Int32] {
        let mark = Array("UNDERSTUDY_PARENT=\(process.processIdentifier)\0".utf8)
        let numbers = try? FileManager.default.contentsOfDirectory(atPath: "/proc")
        return (numbers ?? []).compactMap { Int32($0) }.filter { number in
            let environment = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(number)/environ"))
            return environment?.range(of: Data(mark)) != nil
        }
    }

    /// Nothing of the build is left in the folder of temporary files.
    private static func temporaries() throws -> Set<String> {
        Set(
            try FileManager.default.contentsOfDirectory(
                atPath: FileManager.default.temporaryDirectory.path
            ).filter { $0.hasPrefix("understudy-build") })
    }

    @Test("a command that is killed leaves no process and no file") func orphans() throws {
        let folder = try Folder.prepared()
        let before = try Self.temporaries()
        let process = try startProcesses(in: folder)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let end = ContinuousClock.now + .seconds(60)
        while !Self.children(of: process).isEmpty, ContinuousClock.now < end {
            Thread.sleep(forTimeInterval: 0.05)
        }
        #expect(Self.children(of: process).isEmpty)
        #expect(try Self.temporaries() == before)
    }

    @Test("each signal that asks to stop is passed on", arguments: [SIGHUP, SIGUSR2])
    func passedOn(_ signal: Int32) throws {
        let folder = try Folder.prepared()
        let process = try startProcesses(in: folder)
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationStatus == 128 + signal)
        #expect(Self.children(of: process).isEmpty)
        #expect(
            try String(decoding: folder.data("errors"), as: UTF8.self).hasPrefix(
                "stopped; the parts published so far are kept"))
    }

    @Test("--shard wins over the launcher") func shardWins() throws {
        let folder = try Folder.prepared()
        let launcher = ["RANK": "1", "WORLD_SIZE": "many"]
        let refused = try Program.run(Self.build("cache"), in: folder, environment: launcher)
        #expect(refused.status == 1)
        #expect(
            refused.errors == "Error: RANK=1 WORLD_SIZE=many: not a number from 0 and a larger "
                + "count; correct them, or pass --shard i/n (0/1 for all parts)\n")
        let all = try Program.run(
            Self.build("cache") + ["--shard", "0/1", "--json"], in: folder, environment: launcher)
        #expect(all.status == 0, "\(all.errors)")
        #expect(all.output.contains("\"skipped\":4"))
        let bytes = try folder.contents("cache").filter { $0.key.hasSuffix(".h5") }
            .reduce(0) { $0 + $1.value.count }
        #expect(all.output.contains("\"bytes\":\(bytes),"))
    }

    @Test("a full disk stops it with path and bytes, and leaves no part of a part")
    func fullDisk() throws {
        let folder = try Folder.prepared()
        let expected = try folder.contents("cache")
        let missing = ["epoch-0000/part-00001.h5", "epoch-0001/part-00000.h5"]
        for part in missing {
            try FileManager.default.removeItem(atPath: "\(folder.path)/cache/\(part)")
        }
        let bytes = try #require(expected[missing[0]]).count
        // Most of the part can be written, and not all of it.
        let full = try Program.run(
            Self.build("cache"), in: folder, fileLimit: (bytes - 1) / 512)
        #expect(full.status == 1)
        #expect(
            full.lastError == "Error: cache/\(missing[0]): cannot write \(bytes) bytes: File too "
                + "large; raise the limit of a file's size (ulimit -f) and run again, finished parts "
                + "are kept")
        #expect(
            try folder.contents("cache") == expected.filter { !missing.contains($0.key) })
        let rest = try Program.run(Self.build("cache"), in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(try folder.contents("cache") == expected)
    }
}
