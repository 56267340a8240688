import Foundation
import Testing

@Suite("A disk that cannot flush") struct FlushTests {
    /// Builds Tests/Fixtures/command/nofsync.c.
    private func library(in folder: Folder) throws -> String {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/command/nofsync.c")
        let library = "\(folder.path)/nofsync.so"
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = ["clang", "-shared", "-fPIC", "-o", library, source.path]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        return library
    }

    @Test(
        "no file gets its name before it is on the disk",
        arguments: [
            (["train", "--recipe", "student.yaml", "--cache", "cache", "--out"], "recipe.yaml"),
            (["cache", "build", "--recipe", "student.yaml", "--cache"], "manifest.json"),
        ])
    func unflushed(command: [String], file: String) throws {
        let folder = try Folder.prepared()
        let outcome = try Program.run(
            command + ["new"], in: folder, environment: ["LD_PRELOAD": library(in: folder)])
        #expect(outcome.status == 1)
        #expect(outcome.lastError.hasSuffix("Input/output error"), "\(outcome.errors)")
        #expect(!folder.exists("new/\(file)"))
    }
}
