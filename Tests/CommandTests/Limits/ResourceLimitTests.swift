import Foundation
import Testing

/// Limits as a shell or a batch system sets them, which end an unprepared program by a signal.
@Suite("Resource limits", .serialized) struct ResourceLimitTests {
    private let program = "exec \"$0\" \"$@\""

    /// The program with a limit of `ulimit`, and one thread that computes.
    private func run(
        limit: String, _ arguments: [String], in folder: Folder
    ) throws -> Program.Outcome {
        try Shell.run(
            "export OMP_NUM_THREADS=1; ulimit \(limit) || exit 99; \(program)", arguments,
            in: folder)
    }

    /// What `command` takes to do its work, its name included.
    private func call(_ command: String) throws -> [String] {
        command.split(separator: " ").map(String.init)
            + (try #require(Invocations.arguments(of: command)))
    }

    @Test(
        "too little address space or data to start with is one line with what is needed",
        arguments: [
            ("-v 550000", "address space is limited to 550000 KiB (ulimit -v)"),
            ("-d 100000", "data segment is limited to 100000 KiB (ulimit -d)"),
        ])
    func start(limit: String, text: String) throws {
        let folder = try Folder()
        for arguments in [["--version"], try call("plan")] {
            let run = try run(limit: limit, arguments, in: folder)
            #expect(run.status == 1)
            let line = try #require(
                try
                    #/Error: the (.+), and this program needs at least (\d+) KiB: raise the limit\n/#
                    .wholeMatch(in: run.errors), "\(run.errors)")
            #expect(line.1 == text)
            // With what it asks for it runs.
            let enough = try self.run(
                limit: "\(limit.prefix(2)) \(line.2)", arguments, in: folder)
            #expect(enough.status == 0, "\(enough.errors)")
        }
    }

    @Test("what computes asks for more, before anything is begun") func computing() throws {
        let folder = try Invocations.folder()
        for command in ["train", "cache build", "eval", "predict", "bench student"] {
            let arguments = try call(command)
            let run = try run(limit: "-v 680000", arguments, in: folder)
            #expect(run.status == 1, "\(command): \(run.errors)")
            #expect(
                try
                    #/Error: the address space is limited to 680000 KiB \(ulimit -v\), and this command needs at least \d+ KiB: raise the limit/#
                    .wholeMatch(in: run.lastError) != nil, "\(command): \(run.errors)")
            if ["train", "cache build"].contains(command) {
                #expect(!folder.exists(arguments[command == "train" ? 4 : 5]), "\(command)")
            }
        }
    }

    /// `ulimit -v` in KiB: where libraries alone fit, and where networks find no memory half-way, among
    /// them one at which oneDNN calls code that it could not generate.
    private static let spaces =
        ProcessInfo.processInfo.environment["UNDERSTUDY_LONG_TESTS"] == nil
        ? [640_000, 800_000] : Array(stride(from: 630_000, through: 1_200_000, by: 10_000))

    @Test("at any limit a command works or ends in a line, never by a signal") func sweep() throws {
        let folder = try Invocations.folder()
        let commands = [
            "plan", "views show", "cache build", "cache verify", "train", "eval", "export", "pack",
            "bench student",
        ]
        for command in commands {
            for limit in Self.spaces {
                let run = try run(limit: "-v \(limit)", call(command), in: folder)
                let place = "\(command) at \(limit): \(run.status) \(run.errors)"
                #expect([0, 1].contains(run.status), "\(place)")
                guard run.status != 0 else { continue }
                #expect(run.lastError.hasPrefix("Error: "), "\(place)")
                for words in ["enforce fail", "bad_alloc", "could not create", "terminate"] {
                    #expect(!run.errors.contains(words), "\(place)")
                }
            }
        }
    }

    @Test("images that cannot fit are refused before anything is begun") func images() throws {
        let folder = try Folder.prepared()
        let large = ["--set", "view.size=16384"]
        for arguments in [
            ["train", "--recipe", "base.yaml", "--out", "new"],
            ["cache", "build", "--recipe", "student.yaml", "--cache", "new"],
        ] {
            let run = try run(limit: "-v 8000000", arguments + large, in: folder)
            #expect(run.status == 1)
            #expect(
                try
                    #/Error: a group of 12 images of (32x32 and )?16384x16384 pixels needs at least 483\d+ bytes of memory, and no more than \d+ can be had; lower batch.group or view.size/#
                    .wholeMatch(in: run.lastError) != nil, "\(run.errors)")
            #expect(!folder.exists("new"))
        }
        let validation = try run(
            limit: "-v 8000000",
            ["train", "--recipe", "base.yaml", "--out", "new"]
                + ["--set", "validation.size=16384", "--set", "validation.resize=16384"], in: folder
        )
        #expect(
            validation.lastError.hasPrefix("Error: a validation batch of 7 images of 16384x16384"))
        #expect(!folder.exists("new"))
    }

    @Test("a checkpoint that there is no memory for is not taken for a damaged one")
    func checkpoint() throws {
        let folder = try Folder()
        let train = [
            "train", "--recipe", "teacher.yaml", "--out", "run", "--resume", "--max-steps",
        ]
        for steps in 1...2 {
            let run = try Shell.run(program, train + ["\(steps)"], in: folder)
            #expect(run.status == 0, "\(run.errors)")
        }
        let path = "run/checkpoints/step-00000002.safetensors"
        // Its length is all that is looked at; nothing is written.
        try #require(truncate("\(folder.path)/\(path)", 1 << 36) == 0)
        let run = try run(limit: "-v 4000000", train + ["3"], in: folder)
        #expect(run.status == 1)
        #expect(
            run.lastError.hasPrefix(
                "Error: safetensors: \(path): no memory for its 68719476736 bytes; take less"),
            "\(run.errors)")
    }

    @Test("beyond the limit of a file's size a write fails, and nothing is left of it")
    func fileSize() throws {
        let folder = try Folder.prepared()
        let train = ["train", "--recipe", "teacher.yaml", "--out", "run", "--resume"]
        let whole = try Shell.run(program, train + ["--max-steps", "1"], in: folder)
        #expect(whole.status == 0, "\(whole.errors)")
        let run = try run(limit: "-f 16", train + ["--max-steps", "3"], in: folder)
        #expect(run.status == 1)
        #expect(
            run.lastError
                == "Error: file: run/checkpoints/step-00000002.safetensors: File too large; raise the "
                + "limit of a file's size (ulimit -f) and run again, what was at the path is kept")
        #expect(try folder.contents("run").keys.allSatisfy { !$0.contains(".tmp-") })
        let rest = try Shell.run(program, train + ["--max-steps", "3"], in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
    }

    @Test("a limit of processor time is a request to stop", arguments: ["-S -t 2", "-t 3"])
    func processorTime(limit: String) throws {
        let folder = try Folder()
        let train = ["train", "--recipe", "teacher.yaml", "--out", "run", "--resume"]
        let run = try run(
            limit: limit, train + ["--set", "schedule.epochs=4000"], in: folder)
        #expect(run.status == 128 + SIGXCPU, "\(run.errors)")
        #expect(
            run.errors.hasSuffix("; the same command with --resume goes on from there\n"),
            "\(run.errors)")
        #expect(folder.exists("run/checkpoints/latest.json"))
    }

    @Test("a result that nobody reads ends a command quietly, with what it did saved")
    func closedPipe() throws {
        let folder = try Invocations.folder()
        let closed = "{ \"$0\" \"$@\"; echo \"status $?\" >&2; } | :"
        for command in ["plan", "cache rows", "predict"] {
            let run = try Shell.run(closed, call(command), in: folder)
            #expect(run.errors == "status 141\n", "\(command)")
        }
        let training = try call("train")
        let run = try Shell.run(
            "{ \"$0\" \"$@\" 2>&1; echo \"status $?\" >&3; } 3>&2 | :", training, in: folder)
        #expect(run.errors == "status 141\n")
        #expect(folder.exists("\(training[4])/result.json"))
    }
}
