import Foundation
import Testing

@Suite("A disk that cannot flush") struct FlushTests {
    @Test(
        "no file gets its name before it is on the disk",
        arguments: [
            (["train", "--recipe", "student.yaml", "--cache", "cache", "--out"], "recipe.yaml"),
            (["cache", "build", "--recipe", "student.yaml", "--cache"], "manifest.json"),
        ])
    func unflushed(command: [String], file: String) throws {
        let folder = try Folder.prepared()
        let outcome = try Program.run(
            command + ["new"], in: folder, environment: ["LD_PRELOAD": Preload.library("nofsync")])
        #expect(outcome.status == 1)
        #expect(outcome.lastError.hasSuffix("Input/output error"), "\(outcome.errors)")
        #expect(!folder.exists("new/\(file)"))
    }
}
