import Foundation
import Testing

/// The script that holds a GPU against the CPU, with a program in our place that misbehaves.
@Suite("GPU check") struct GPUCheckTests {
    private static let script = Repository.url("tools/gpu-check").path

    private func check(
        _ program: String, _ arguments: [String], in folder: Folder
    ) throws -> (status: Int32, output: String) {
        try folder.write("program", Data(program.utf8))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: "\(folder.path)/program")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["python3", Self.script, "--understudy", "\(folder.path)/program"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private static func program(_ cases: String) -> String {
        """
        #!/bin/bash
        case "$*" in
        "doctor --json") echo '{"machine": {"processor": "P", "cores": 2, "understudy": "0",
            "libtorch": "2.11.0", "cuda": {"devices": [], "fault": "no CUDA here"}}}';;
        \(cases)
        *--check*) echo '{"checks": [{"comparisons":
            [{"what": "x", "difference": 0.1, "tolerance": 1, "holds": true}]}]}';;
        *bench*) echo '{"seconds": [1, 2, 4]}';;
        esac
        """
    }

    @Test("what crashes, hangs, fails or answers nonsense says so and stops nothing else")
    func faults() throws {
        let folder = try Folder()
        let program = Self.program(
            """
            *"--check mixing"*) echo '{"checks": [{"comparisons":
                [{"what": "x", "difference": null, "tolerance": 1, "holds": false}]}]}'; exit 1;;
            *"--check loss"*) echo 'Error: went wrong' >&2; exit 3;;
            *"--check student --"*) kill -SEGV $$;;
            *"--check student-tf32"*) sleep 60;;
            *"--check student-bf16"*) echo nonsense;;
            *"bench teacher"*) echo 'Error: CUDA out of memory' >&2; exit 1;;
            """)
        let (status, output) = try check(
            program,
            ["--device", "cpu", "--no-peers", "--limit", "2", "--json", folder.path + "/o"],
            in: folder)
        #expect(status == 1)
        let lines = output.split(separator: "\n").map(String.init)
        func line(_ start: String) -> String { lines.first { $0.hasPrefix(start) } ?? "" }
        #expect(line("mixing").hasSuffix("nan    1e+00  FAILS"), "\(output)")
        #expect(line("loss") == "loss          cannot run: went wrong")
        #expect(line("student ") == "student       cannot run: crashed: SIGSEGV")
        #expect(
            line("student-tf32") == "student-tf32  cannot run: ended after 2 s without a result")
        #expect(line("student-bf16") == "student-bf16  cannot run: its answer is no JSON")
        #expect(line("teacher ").hasSuffix("1.0e-01    1e+00  ok"), "\(output)")
        #expect(line("resume").hasPrefix("resume        cannot run: "))
        // The median round: 4 images in 2 s.
        #expect(
            line("student step, fp32").split(separator: " ").suffix(5)
                == ["2.0", "-", "-", "-", "-"], "\(output)")
        #expect(output.contains("\n  ours: cannot run: CUDA out of memory\n"), "\(output)")
        #expect(output.contains("\n8 of 14 comparisons hold; "), "\(output)")
        let object = try JSONSerialization.jsonObject(with: folder.data("o")) as? [String: Any]
        #expect((object?["comparisons"] as? [Any])?.count == 14)
        #expect((object?["measurements"] as? [Any])?.count == 5)
    }

    @Test("a device that is not there is one line") func noDevice() throws {
        let folder = try Folder()
        for device in [[], ["--device", "cuda"], ["--device", "cuda:0"]] {
            let (status, output) = try check(Self.program(""), device, in: folder)
            #expect(status == 1 && output == "gpu-check: no cuda:0: no CUDA here\n", "\(output)")
        }
        let (status, output) = try check(Self.program(""), ["--device", "gpu"], in: folder)
        #expect(status == 2)
        #expect(output.hasSuffix("error: --device must be cpu, cuda or cuda:N, not 'gpu'\n"))
    }
}
