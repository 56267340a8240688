import Foundation
import Imaging
import Testing
import Torch

@testable import understudy

@Suite("Files that commands write") struct OutputFileTests {
    /// An output of a command, with what its error calls it.
    private struct Output {
        let option: String
        let arguments: [String]
        let content: OutputFile.Content
    }

    private static let views = ["views", "--recipe", "base.yaml", "--slots", "0..<2"]

    private static let outputs = [
        Output(option: "--sheet", arguments: views, content: .sheet),
        Output(option: "--dump", arguments: views, content: .views),
        Output(option: "--params", arguments: views, content: .parameters),
        Output(
            option: "--confusion", arguments: ["eval", "--run", "teacher"], content: .confusion),
        Output(
            option: "--out", arguments: ["average", "teacher/best.safetensors"], content: .weights),
        Output(option: "--out", arguments: ["export", "--run", "teacher"], content: .weights),
    ]

    private func write(_ output: Output, to path: String, in folder: Folder) throws
        -> Program.Outcome
    {
        try Program.run(output.arguments + [output.option, path], in: folder)
    }

    @Test("what is not of their kind and this program's stays as it is") func foreign() throws {
        let folder = try Folder.prepared()
        for (index, output) in Self.outputs.enumerated() {
            let outcome = try write(output, to: "made-\(index)", in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let picture = try ImageEncoder.png(Image(width: 9, height: 9, fill: (1, 2, 3)))
        try folder.write("picture.png", Data(picture))
        try folder.write("object.json", Data(#"{"recipe": "base", "seed": 1}"#.utf8))
        try SafetensorsFile.write(
            [("pixels", try Tensor.ones([2]))], metadata: ["format": "pt"],
            to: "\(folder.path)/foreign.safetensors")
        let checkpoints = try FileManager.default.contentsOfDirectory(
            atPath: "\(folder.path)/teacher/checkpoints")
        let step = try #require(checkpoints.first { $0.hasPrefix("step-") })
        // A checkpoint, wherever it lies.
        try folder.write("step.safetensors", folder.data("teacher/checkpoints/\(step)"))
        var foreign = [
            "base.yaml", "train/c0/0.jpg", "picture.png", "object.json", "foreign.safetensors",
            "val", "step.safetensors", "link",
        ]
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/link", withDestinationPath: "base.yaml")
        // The last two write the same kind.
        foreign += ["made-0", "made-1", "made-2", "made-3", "made-4"]
        let before = try folder.contents(".").filter { !$0.key.hasPrefix(".") }
        for (index, output) in Self.outputs.enumerated() {
            func said(_ path: String) -> String {
                "\(path): is there, and is not \(output.content.name) that this program wrote; choose "
                    + "another \(output.option), or remove it"
            }
            #expect(
                try write(output, to: "base.yaml", in: folder).errors
                    == "Error: \(said("base.yaml"))\n")
            for name in foreign where name != "made-\(min(index, 4))" {
                let path = "\(folder.path)/\(name)"
                let error = #expect(throws: CommandError.self) {
                    _ = try OutputFile(path, output.option, output.content)
                }
                #expect(error?.description == said(path))
            }
        }
        #expect(try folder.contents(".").filter { !$0.key.hasPrefix(".") } == before)
    }

    @Test("their own earlier ones and empty files are replaced, and links stay links")
    func replaced() throws {
        let folder = try Folder.prepared()
        for (index, output) in Self.outputs.enumerated() {
            let (path, link) = ("made-\(index)", "link-\(index)")
            try folder.write(path, Data())
            #expect(try write(output, to: path, in: folder).status == 0)
            let whole = try folder.data(path)
            #expect(!whole.isEmpty)
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/\(link)", withDestinationPath: path)
            #expect(try write(output, to: link, in: folder).status == 0)
            #expect(try folder.data(path) == whole)
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder.path)/\(link)")
                    == path)
        }
    }

    @Test("a pipe gets the bytes that a file would hold, a device stays one") func streams() throws
    {
        let folder = try Folder.prepared()
        for (index, output) in Self.outputs.enumerated() {
            #expect(try write(output, to: "made-\(index)", in: folder).status == 0)
            let script = """
                mkfifo pipe-\(index) && { timeout 60 cat pipe-\(index) >got-\(index) & } &&
                "$0" "$@" pipe-\(index) >&2; status=$?; wait; exit $status
                """
            let arguments = output.arguments + [output.option]
            // The reader opens the pipe at some moment; before, nobody reads from it.
            var outcome = try Shell.run("sleep 1; \(script)", arguments, in: folder)
            while outcome.errors.contains("nobody reads from this pipe") {
                try FileManager.default.removeItem(atPath: "\(folder.path)/pipe-\(index)")
                outcome = try Shell.run(script, arguments, in: folder)
            }
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try folder.data("got-\(index)") == folder.data("made-\(index)"))
            #expect(try write(output, to: "/dev/null", in: folder).status == 0)
            var status = stat()
            #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
            let full = try write(output, to: "/dev/full", in: folder)
            #expect(
                full.lastError
                    == "Error: file: /dev/full: No space left on device; make room and run again, "
                    + "what was at the path is kept")
        }
        mkfifo("\(folder.path)/unread", 0o644)
        #expect(
            try write(Self.outputs[2], to: "unread", in: folder).errors
                == "Error: file: unread: nobody reads from this pipe\n")
    }

    @Test("a sheet that there is no memory for is told before it is drawn") func memory() throws {
        let sheet = ContactSheet(cell: 1024, titles: Array(repeating: "view", count: 7))
        try sheet.checkMemory(rows: 2)
        let error = #expect(throws: ImageError.self) { try sheet.checkMemory(rows: 100_000_000) }
        #expect(
            error?.description.hasSuffix(" pixels") == true
                && error?.description.hasPrefix("no memory for a sheet of 7") == true)
    }

    @Test("what cannot be written is told before anything is computed") func unwritable() throws {
        let folder = try Folder.prepared()
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/lost", withDestinationPath: "nowhere")
        for output in Self.outputs {
            func error(_ path: String) throws -> String {
                let outcome = try write(output, to: path, in: folder)
                #expect(outcome.status == 1)
                return outcome.errors
            }
            #expect(
                try error("lost")
                    == "Error: lost: is a link that leads to nothing; choose another "
                    + "\(output.option), or remove it\n")
            #expect(
                try error("none/file")
                    == "Error: none/file: cannot be written: No such file or directory\n")
        }
        #expect(
            try Program.run(Self.views + ["--sheet", "both", "--dump", "./both"], in: folder).errors
                == "Error: both: is named for two outputs; choose another for one\n")
        #expect(!folder.exists("both"))
        try folder.write("a/empty", Data())
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/b", withDestinationPath: "a")
        #expect(
            try Program.run(Self.views + ["--sheet", "a/x", "--params", "b/x"], in: folder).errors
                == "Error: a/x: is named for two outputs; choose another for one\n")
        #expect(!folder.exists("a/x"))
    }

    @Test("a link to a file that has lost its name stays one") func deleted() throws {
        let folder = try Folder.prepared()
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/stdout", withDestinationPath: "/proc/self/fd/1")
        for output in Self.outputs {
            let outcome = try Shell.run(
                "exec >gone; rm gone; exec \"$0\" \"$@\"",
                output.arguments + [output.option, "stdout"], in: folder)
            #expect(outcome.status == 1)
            #expect(
                outcome.errors.hasPrefix("Error: stdout: leads to no file that has a name: "),
                "\(outcome.errors)")
        }
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder.path)/stdout")
                == "/proc/self/fd/1")
    }

    @Test("what a run makes in its folder is not written over, but for the average")
    func ofRuns() throws {
        let folder = try Folder.prepared()
        try folder.write("teacher/metrics.jsonl", Data())
        let before = try folder.contents("teacher")
        let names = [
            ".lock", "metrics.jsonl", "best.safetensors", "recipe.yaml", "new/../result.json",
        ]
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/teacher/new", withIntermediateDirectories: true)
        let snapshots = before.keys.filter { $0.hasPrefix("checkpoints/best-epoch-") }
        for name in names.map({ "teacher/\($0)" }) + snapshots.map({ "teacher/\($0)" }) {
            let path = "\(folder.path)/\(name)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            let error = #expect(throws: CommandError.self) {
                _ = try OutputFile(path, "--out", .weights)
            }
            #expect(
                error?.description
                    == "\(path): is a file of the run in that folder; choose another --out")
        }
        _ = try OutputFile("\(folder.path)/teacher/average.safetensors", "--out", .weights)
        #expect(try folder.contents("teacher") == before)
    }
}
