import Foundation
import Testing

@Suite("Standard streams", .serialized) struct StandardStreamTests {
    private let program = "exec \"$0\" \"$@\""

    private static let long = ProcessInfo.processInfo.environment["UNDERSTUDY_LONG_TESTS"] != nil

    @Test("a result that a full disk cannot take is an error with the reason, in every command")
    func fullDisk() throws {
        let folder = try Invocations.folder()
        for command in try Invocations.commands() {
            let arguments = try #require(Invocations.arguments(of: command.name))
            let run = try Shell.run(
                "\(program) >/dev/full", command.words + arguments, in: folder)
            #expect(run.status == 1, "\(command.name): \(run.errors)")
            #expect(
                run.lastError == "Error: standard output: No space left on device",
                "\(command.name): \(run.errors)")
        }
    }

    @Test(
        "help, version and completions that a full disk cannot take are errors, too",
        arguments: [
            ["--help"], ["--version"], ["cache", "build", "--help"], ["help", "train"],
            ["--generate-completion-script", "bash"], ["--experimental-dump-help"],
        ])
    func fullDiskHelp(arguments: [String]) throws {
        let folder = try Folder()
        let run = try Shell.run("\(program) >/dev/full", arguments, in: folder)
        #expect(run.status == 1)
        #expect(run.errors == "Error: standard output: No space left on device\n")
    }

    @Test("--version names the program and its libtorch") func version() throws {
        let run = try Shell.run(program, ["--version"], in: try Folder())
        #expect(run.status == 0)
        #expect(
            try #/understudy \d+\.\d+\.\d+, libtorch 2\.\d+\.\d+\n/#.wholeMatch(in: run.output)
                != nil)
    }

    @Test(
        "a standard error that is full or closed changes nothing",
        arguments: ["2>/dev/full", "0<&- 2>&-"] + (Self.long ? ["2>&-"] : []))
    func standardError(streams: String) throws {
        try check(streams, status: 0)
    }

    @Test(
        "without a standard output the work is done, and the lost result is an error",
        arguments: ["0<&- 1>&- 2>&-"] + (Self.long ? ["1>&-", "1>&- 2>&-"] : []))
    func standardOutput(streams: String) throws {
        try check(streams, status: 1)
    }

    /// Runs commands with their streams closed and looks at what they leave.
    private func check(_ streams: String, status: Int32) throws {
        let folder = try Invocations.folder()
        for name in ["train", "cache build", "plan"] + (Self.long ? ["eval", "views show"] : []) {
            let words = name.split(separator: " ").map(String.init)
            let arguments = try #require(Invocations.arguments(of: name))
            let run = try Shell.run("\(program) \(streams)", words + arguments, in: folder)
            #expect(run.status == status, "\(name) \(streams): \(run.errors)")
            if status == 1, !streams.contains("2>") {
                #expect(
                    run.lastError == "Error: standard output: Bad file descriptor", "\(name)")
            }
            // No file of the program's took a standard stream's number, and so what goes there.
            if name == "train" {
                let out = arguments[3]
                #expect(try folder.lines("\(out)/metrics.jsonl").count == 1)
                #expect(folder.exists("\(out)/result.json"))
            }
            if name == "cache build" {
                let info = try Shell.run(
                    program, ["cache", "verify", "--cache", arguments[3]], in: folder)
                #expect(info.status == 0, "\(info.errors)")
            }
        }
    }

    @Test("a little address space ends in a line, not in a trap")
    func addressSpace() throws {
        let folder = try Invocations.folder()
        let large = ["--set", "view.size=8192", "--set", "batch={size: 48, group: 48}"]
        for arguments in [
            ["train", "--recipe", "base.yaml", "--out", "run"] + large,
            ["cache", "build", "--recipe", "student.yaml", "--cache", "c"] + large,
            ["views", "show", "--recipe", "base.yaml", "--slots", "0..<48", "--dump", "d"] + large,
            ["views", "bench", "--recipe", "base.yaml"] + large,
        ] {
            // 6 GB: room for the libraries and what they keep, not for 48 views of 200 MB.
            let run = try Shell.run("ulimit -v 6000000; \(program)", arguments, in: folder)
            #expect(run.status == 1, "\(arguments[0...1]): \(run.status) \(run.errors)")
            #expect(run.lastError.hasPrefix("Error: "), "\(arguments[0...1]): \(run.errors)")
        }
    }
}
