import Foundation
import Testing

/// The script that starts a bundle's program, in a bundle whose program prints what it is given.
@Suite("Launcher") struct LauncherTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        let script = Repository.url("tools/portable/understudy")
        try write("bundle/understudy", String(contentsOf: script, encoding: .utf8))
        try write("bundle/bin/understudy", "#!/bin/sh\necho \"$LD_LIBRARY_PATH\" \"$@\"\n")
        try write("bundle/BUNDLE", "understudy bundle\ncommit x\nlibtorch 2.11.0\nglibc 2.17\n")
        try write("wheel/lib/libtorch_cpu.so", "")
        try write("wheel/version.py", "from typing import Optional\n__version__ = '2.11.0+cu130'\n")
    }

    private func write(_ name: String, _ text: String) throws {
        try folder.write(name, Data(text.utf8))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: "\(folder.path)/\(name)")
    }

    /// Runs it with no more on PATH than the system's tools and what the folder `bin` holds.
    private func launch(
        _ environment: [String: String] = [:], arguments: [String] = ["doctor", "a b"],
        program: String = "bundle/understudy"
    ) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["\(folder.path)/\(program)"] + arguments
        process.environment = ["PATH": "\(folder.path)/bin:\(folder.path)/tools"].merging(
            environment
        ) { $1 }
        let tools = "\(folder.path)/tools"
        if !folder.exists("tools") {
            try FileManager.default.createDirectory(
                atPath: tools, withIntermediateDirectories: true)
            // Everything it calls but python3, which the system may or may not have.
            for name in [
                "dirname", "readlink", "sed", "uname", "getconf", "sort", "head", "tr", "sh",
            ] {
                let path = try #require(
                    ["/usr/bin", "/bin"].map { "\($0)/\(name)" }
                        .first { FileManager.default.fileExists(atPath: $0) })
                try FileManager.default.createSymbolicLink(
                    atPath: "\(tools)/\(name)", withDestinationPath: path)
            }
        }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
            .replacingOccurrences(of: folder.path, with: "…")
        return (process.terminationStatus, text)
    }

    private func failure(_ environment: [String: String] = [:]) throws -> String {
        let (status, text) = try launch(environment)
        #expect(status == 1, "\(text)")
        return text
    }

    private var wheel: [String: String] { ["LIBTORCH": "\(folder.path)/wheel"] }

    @Test("the libtorch of LIBTORCH comes first on the library path, and arguments stay whole")
    func given() throws {
        let (status, text) = try launch(wheel)
        #expect(status == 0 && text == "…/wheel/lib doctor a b\n", "\(text)")
        let also = try launch(wheel.merging(["LD_LIBRARY_PATH": "/else"]) { $1 }, arguments: [])
        #expect(also.text == "…/wheel/lib:/else\n", "\(also.text)")
        // By another name, from another folder.
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/understudy",
            withDestinationPath: "\(folder.path)/bundle/understudy")
        #expect(try launch(wheel, arguments: ["x"], program: "understudy").status == 0)
    }

    @Test("without LIBTORCH it is python3's PyTorch, wherever NVIDIA's libraries are") func python()
        throws
    {
        // Stands for a Python whose answer is the package's folder and NVIDIA's elsewhere.
        try write("bin/python3", "#!/bin/sh\necho '\(folder.path)/wheel'\n")
        #expect(try launch().text == "…/wheel/lib doctor a b\n")
        try write(
            "bin/python3", "#!/bin/sh\necho '\(folder.path)/wheel'\necho /a/lib\necho /b/lib\n")
        #expect(try launch().text == "…/wheel/lib:/a/lib:/b/lib doctor a b\n")
    }

    @Test("what is missing is one line that says what to do") func missing() throws {
        #expect(
            try failure()
                == "understudy: no libtorch: LIBTORCH is not set, and there is no python3 whose "
                + "PyTorch could be used\n")
        try write("bin/python3", "#!/bin/sh\nexit 1\n")
        #expect(
            try failure()
                == "understudy: no libtorch: LIBTORCH is not set, and …/bin/python3 has no PyTorch: "
                + "install torch==2.11.0 for it, or activate the environment that has it\n")
        #expect(
            try failure(["LIBTORCH": "/nowhere"])
                == "understudy: LIBTORCH is /nowhere, which has no lib/libtorch_cpu.so: set it to the "
                + "folder of a libtorch 2.11.0, or unset it to use python3's PyTorch\n")
    }

    @Test("another version is refused, wherever it is written") func versions() throws {
        let refusal = { (found: String) in
            "understudy: LIBTORCH is …/wheel, which is of version \(found), and 2.11.0 is needed: set "
                + "it to the folder of a libtorch 2.11.0, or unset it to use python3's PyTorch\n"
        }
        for (text, found) in [
            ("__version__ = '2.1.10'\n", "2.1.10"), ("__version__ = \"2.110.0\"\n", "2.110.0"),
        ] {
            try write("wheel/version.py", text)
            #expect(try failure(wheel) == refusal(found))
        }
        try FileManager.default.removeItem(atPath: "\(folder.path)/wheel/version.py")
        #expect(
            try failure(wheel)
                == "understudy: LIBTORCH is …/wheel, which does not say its version, and 2.11.0 is "
                + "needed: set it to the folder of a libtorch 2.11.0, or unset it to use python3's "
                + "PyTorch\n")
        let header = "wheel/include/torch/headeronly/version.h"
        try write(header, "#define TORCH_VERSION \\\n  \"2.10.0\"\n")
        #expect(try failure(wheel) == refusal("2.10.0"))
        try write(header, "#define TORCH_VERSION \\\n  \"2.11.1\"\n")
        #expect(try launch(wheel).status == 0)
        try write("wheel/build-version", "2.9.1+cpu\n")
        #expect(try failure(wheel) == refusal("2.9.1+cpu"))
    }

    @Test("an older C library and a torn bundle are named") func system() throws {
        try write("bundle/BUNDLE", "understudy bundle\nlibtorch 2.11.0\nglibc 2.99\n")
        #expect(
            try failure(wheel).hasPrefix(
                "understudy: this bundle needs glibc 2.99 or newer, and this system has 2."))
        // Numbers, not texts: 2.9 is older than any system.
        try write("bundle/BUNDLE", "understudy bundle\nlibtorch 2.11.0\nglibc 2.9\n")
        #expect(try launch(wheel).status == 0)
        try FileManager.default.removeItem(atPath: "\(folder.path)/bundle/BUNDLE")
        #expect(
            try failure(wheel)
                == "understudy: …/bundle is not a whole bundle: unpack it again\n")
    }
}
