import Base
import Foundation
import Testing
import Torch

@Suite("Runs", .serialized) struct RunTests {
    private static let train = [
        "train", "--recipe", "teacher.yaml", "--out", "run", "--workers", "1",
    ]

    private func object(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// Starts a long training and waits until it has taken a few steps.
    private func started(_ folder: Folder, _ arguments: [String] = []) throws -> Process {
        let process = try Program.start(
            Self.train + ["--set", "schedule.epochs=400", "--trace", "trace.jsonl"] + arguments,
            in: folder.path, output: URL(fileURLWithPath: "\(folder.path)/output"),
            errors: URL(fileURLWithPath: "\(folder.path)/errors"))
        let deadline = Date(timeIntervalSinceNow: 60)
        while (try? folder.data("trace.jsonl").count) ?? 0 == 0, Date() < deadline {
            Thread.sleep(forTimeInterval: 0.02)
        }
        return process
    }

    @Test("--no-tensorboard leaves out events; a run that goes on does as it is told then")
    func withoutEvents() throws {
        let folder = try Folder()
        func events(_ arguments: [String]) throws -> [String] {
            let train = Self.train + ["--resume", "--max-steps"] + arguments
            let outcome = try Program.run(train, in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try folder.contents("run").keys.filter { $0.hasPrefix("events.out.tfevents") }
        }
        #expect(try events(["1", "--no-tensorboard"]).isEmpty)
        let begun = try events(["2"])
        #expect(begun.count == 1)
        #expect(try events(["3", "--no-tensorboard"]) == begun)
    }

    @Test(
        "what batch systems send saves, says so and exits with 128 and the signal",
        arguments: [
            (SIGHUP, "SIGHUP"), (SIGUSR1, "SIGUSR1"), (SIGUSR2, "SIGUSR2"), (SIGTERM, "SIGTERM"),
            (SIGXCPU, "SIGXCPU"),
        ])
    func signals(signal: Int32, name: String) throws {
        let folder = try Folder()
        let process = try started(folder, ["--set", "checkpoint.every_steps=100000", "--json"])
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationStatus == 128 + signal)
        let errors = String(decoding: try folder.data("errors"), as: UTF8.self)
        #expect(
            errors.hasSuffix("; the same command with --resume goes on from there\n"), "\(errors)")
        let printed = try object(String(decoding: folder.data("output"), as: UTF8.self))
        let saved = try object(
            String(decoding: folder.data("run/checkpoints/latest.json"), as: UTF8.self))
        #expect(printed["stopped"] as? String == name)
        for key in ["epoch", "step", "steps"] {
            #expect(printed[key] as? Int == saved[key] as? Int, "\(key)")
        }
        let steps = try #require(saved["steps"] as? Int)
        #expect(steps > 0)
        #expect(errors.contains("step \(steps)"), "\(errors)")
        #expect(folder.exists(try #require(printed["checkpoint"] as? String)))
        #expect(try folder.lines("trace.jsonl").count == steps)
    }

    @Test("--json prints JSON whenever it ends") func json() throws {
        let folder = try Folder()
        let train = Self.train + ["--set", "schedule.epochs=2", "--resume", "--json"]
        for limit in [3, 2] {
            let stopped = try Program.run(train + ["--max-steps", "\(limit)"], in: folder)
            #expect(stopped.status == 0, "\(stopped.errors)")
            let printed = try object(stopped.output)
            #expect(printed["stopped"] as? String == "max_steps")
            #expect(printed["steps"] as? Int == 3)
            #expect(
                printed["checkpoint"] as? String == "run/checkpoints/step-00000003.safetensors")
        }
        let result = try object(Program.run(train, in: folder).output)
        #expect(result["steps"] as? Int == 4)
        #expect(result["stopped"] == nil)
        let again = try Program.run(train + ["--max-steps", "2"], in: folder)
        #expect(try object(again.output)["top1"] as? Double == result["top1"] as? Double)
        #expect(again.errors.contains("\nall 2 epochs are trained: measuring their average\n"))
    }

    @Test("what cannot be a run's folder or its trace is refused in one line") func refused() throws
    {
        let folder = try Folder()
        let recipe = try folder.data("teacher.yaml")
        func fail(_ arguments: [String]) throws -> String {
            let outcome = try Program.run(
                ["train", "--recipe", "teacher.yaml"] + arguments, in: folder)
            #expect(outcome.status == 1)
            return outcome.errors
        }
        #expect(
            try fail(["--out", "card.yaml"])
                == "Error: card.yaml: is a file, and a run is a folder; choose another --out\n")
        #expect(
            try fail(["--out", "."]).hasPrefix(
                "Error: .: is not empty and holds no training (it holds "))
        #expect(
            try fail(["--out", "run", "--trace", "teacher.yaml"])
                == "Error: teacher.yaml: is not a trace of this program and would be lost; choose "
                + "another file, or remove it\n")
        #expect(try folder.data("teacher.yaml") == recipe)
        #expect(!folder.exists("run"))
    }

    @Test("what a run prints may lie in its new folder, another file may not") func printed() throws
    {
        let folder = try Folder()
        try folder.write("run/slurm-7.out", Data())
        let script = "exec \"$0\" \"$@\" >run/slurm-7.out 2>&1"
        let train = ["train", "--recipe", "teacher.yaml", "--out", "run", "--max-steps", "1"]
        let outcome = try Shell.run(script, train, in: folder)
        let log = String(decoding: try folder.data("run/slurm-7.out"), as: UTF8.self)
        #expect(outcome.status == 0, "\(log)")
        #expect(log.hasSuffix("stopped after 1 steps as asked; the checkpoint is in run\n"))
        try folder.write("mine/recipe.yaml", Data())
        let own = try Shell.run(
            "exec \"$0\" \"$@\" >mine/recipe.yaml", train + ["--out", "mine"], in: folder)
        #expect(
            own.errors.hasPrefix("Error: mine: is not empty and holds no training"), "\(own.errors)"
        )
        try folder.write("other/slurm-6.out", Data())
        #expect(
            try Program.run(train + ["--out", "other"], in: folder).errors
                == "Error: other: is not empty and holds no training (it holds slurm-6.out); choose a "
                + "new or an empty folder for --out\n")
    }

    @Test("a full disk under a trace or a checkpoint is said in one line") func fullDisk() throws {
        let folder = try Folder()
        let train = Self.train + ["--trace", "trace.jsonl", "--resume"]
        let none = try Program.run(train, in: folder, fileLimit: 8)
        #expect(none.status == 1)
        #expect(
            none.lastError
                == "Error: file: run/checkpoints/step-00000000.safetensors: File too large; raise "
                + "the limit of a file's size (ulimit -f) and run again, what was at the path is kept"
        )
        try Program.run(train + ["--max-steps", "1"], in: folder)
        // Spaces within a record are nothing to a reader: it grows to the limit.
        let size = try folder.data("run/checkpoints/step-00000001.safetensors").count
        let limit = size / 512 + 64
        let line = try folder.data("trace.jsonl")
        let padding = Data(repeating: UInt8(ascii: " "), count: 512 * limit - line.count - 20)
        try folder.write("trace.jsonl", line.prefix(1) + padding + line.dropFirst(1))
        let outcome = try Program.run(train, in: folder, fileLimit: limit)
        #expect(outcome.status == 1)
        #expect(outcome.lastError == "Error: trace.jsonl: cannot be written: File too large")
        let rest = try Program.run(train + ["--max-steps", "2"], in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(try folder.lines("trace.jsonl").count == 2)
    }

    @Test("the folder is locked before a cache is begun") func lockFirst() throws {
        let folder = try Folder.prepared()
        try folder.write("run/.lock", Data())
        let descriptor = open("\(folder.path)/run/.lock", O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        #expect(try FileLock.take(descriptor, path: ".lock") == .held)
        for option in ["--build-cache", "--wait"] {
            let outcome = try Program.run(
                [
                    "train", "--recipe", "student.yaml", "--cache", "new", "--out", "run", option,
                ], in: folder)
            #expect(
                outcome.errors
                    == "Error: run: another process is training here; wait for it or choose another "
                    + "--out\n")
            #expect(!folder.exists("new"))
        }
    }

    @Test("a file system without locks is no other process") func noLocks() throws {
        let folder = try Folder()
        let library = try Preload.library("noflock")
        let train = Self.train + ["--resume", "--max-steps"]
        for (steps, code) in [ENOSYS, ENOLCK, EOPNOTSUPP, EINVAL].enumerated() {
            let outcome = try Program.run(
                train + ["\(steps + 1)"], in: folder,
                environment: ["LD_PRELOAD": library, "FLOCK_ERRNO": "\(code)"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(
                outcome.errors.contains(
                    "run/.lock: the file system has no locks (\(errnoText(code))): see to it that "
                        + "no other process writes to the same files\n"), "\(outcome.errors)")
        }
        let outcome = try Program.run(
            train + ["9"], in: folder,
            environment: ["LD_PRELOAD": library, "FLOCK_ERRNO": "\(EIO)"])
        #expect(
            outcome.errors == "Error: run/.lock: cannot lock: Input/output error\n",
            "\(outcome.errors)")
    }

    @Test("export and average read a run while it trains") func race() throws {
        let folder = try Folder()
        let process = try started(folder, ["--set", "checkpoint.every_steps=1"])
        defer {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let deadline = Date(timeIntervalSinceNow: 60)
        while !folder.exists("run/best.safetensors"), Date() < deadline {
            Thread.sleep(forTimeInterval: 0.02)
        }
        for _ in 0..<4 {
            for command in [
                ["export", "--which", "last"], ["export", "--which", "best"], ["average"],
            ] {
                let outcome = try Program.run(
                    command + ["--run", "run", "--out", "out.safetensors"], in: folder)
                #expect(outcome.status == 0, "\(command): \(outcome.errors)")
            }
        }
        #expect(process.isRunning)
    }

    @Test("what killed exports left goes, what is no weights of ours stays") func outputs() throws {
        let folder = try Folder.prepared()
        let commands = [
            ["export", "--run", "teacher", "--out", "out.safetensors"],
            ["average", "--run", "teacher", "--out", "out.safetensors"],
            ["average", "teacher/best.safetensors", "--out", "out.safetensors"],
        ]
        for command in commands {
            let left = ".tmp-out.safetensors-99-0000000000000abc"
            try folder.write(left, Data([1]))
            try folder.write("out.safetensors.tmp", Data([1]))
            let outcome = try Program.run(command, in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(!folder.exists(left))
            #expect(folder.exists("out.safetensors.tmp"))
        }
        try SafetensorsFile.write(
            [("w", try Tensor.ones([2]))], metadata: ["format": "pt"],
            to: "\(folder.path)/foreign.safetensors")
        for foreign in ["base.yaml", "foreign.safetensors", "val"] {
            for command in commands {
                let outcome = try Program.run(
                    command.dropLast() + [foreign], in: folder)
                #expect(
                    outcome.errors
                        == "Error: \(foreign): is there, and is not weights that this program wrote; "
                        + "choose another --out, or remove it\n")
            }
        }
    }

    @Test("damaged weights of a run are named by every command that reads them") func damaged()
        throws
    {
        let folder = try Folder.prepared()
        for name in ["average", "best", "raw"].map({ "teacher/\($0).safetensors" }) {
            var data = try folder.data(name)
            data[data.count - 3] ^= 0x10
            try folder.write(name, data)
        }
        let model = ["--model", "beit_micro_patch4_32", "--weights", "teacher/average.safetensors"]
        let commands = [
            ["export", "--run", "teacher", "--out", "out.safetensors"],
            ["export", "--run", "teacher", "--which", "best", "--out", "out.safetensors"],
            ["average", "teacher/best.safetensors", "--out", "out.safetensors"],
            ["eval", "--recipe", "teacher.yaml", "--data", "val"] + model,
            ["predict", "--recipe", "teacher.yaml"] + model + ["val/c0/0.jpg"],
            Self.train + ["--init", "teacher/best.safetensors"],
        ]
        for command in commands {
            let outcome = try Program.run(command, in: folder)
            #expect(outcome.status == 1, "\(command)")
            #expect(outcome.lastError.contains("is damaged"), "\(command): \(outcome.errors)")
        }
        #expect(!folder.exists("out.safetensors"))
        #expect(!folder.exists("run"))
    }
}
