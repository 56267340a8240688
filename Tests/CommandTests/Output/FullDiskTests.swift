import Foundation
import Testing

@Suite("Standard output on a full disk") struct FullDiskTests {
    @Test("no command loses its result and exits with 0") func commands() throws {
        let folder = try Folder.prepared()
        let eval = ["--teacher", "card.yaml"]
        let commands: [[String]] = [
            ["plan", "--recipe", "student.yaml", "--images", "48"],
            ["views", "stats", "--recipe", "student.yaml"],
            ["cache", "info", "--cache", "cache"],
            ["cache", "verify", "--cache", "cache"],
            ["cache", "rows", "--cache", "cache", "--epoch", "0", "--slots", "0..<4"],
            ["eval", "--data", "val"] + eval,
            ["eval", "--data", "val", "--json"] + eval,
            ["predict", "val/c0/0.jpg"] + eval,
            ["predict", "val/c0/0.jpg", "--json"] + eval,
            ["export", "--run", "teacher", "--out", "e.safetensors"],
            ["average", "--run", "teacher", "--out", "a.safetensors"],
            ["pack", "--data", "train", "--out", "pack"],
            ["train", "--recipe", "base.yaml", "--out", "run", "--max-steps", "1"],
        ]
        for command in commands {
            let outcome = try Program.run(command, in: folder, diskIsFull: true)
            #expect(outcome.status == 1, "\(command): \(outcome.errors)")
            #expect(
                outcome.lastError == "Error: standard output: No space left on device",
                "\(command): \(outcome.errors)")
        }
    }
}
