import Foundation
import Testing

@testable import understudy

@Suite("Scratch folders") struct ScratchFolderTests {
    @Test("one of made-up data goes, too, with all that a command makes in it") func madeData()
        throws
    {
        let files = FileManager.default
        let temporary = files.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try files.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: temporary) }
        let left = "\(temporary)/understudy-made-\(UUID().uuidString)"
        for name in [
            "images/c0/0.jpg", "teacher.yaml", "teacher.safetensors", "recipe.yaml",
            "cache/manifest.json", "run/recipe.yaml", ".tmp-teacher.yaml-1-000000000000000a",
            "here-fp32/a",
            "there-bf16/a", "weights.safetensors",
        ] {
            let url = URL(fileURLWithPath: "\(left)/\(name)")
            try files.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: url)
        }
        let other = try ScratchFolder(for: .cache, in: temporary)
        #expect(files.fileExists(atPath: left))
        let folder = try ScratchFolder(for: .experiment, in: temporary)
        #expect(!files.fileExists(atPath: left))
        #expect(files.fileExists(atPath: other.path) && files.fileExists(atPath: folder.path))
    }

    @Test("one that a killed process left is removed; others are not") func stale() throws {
        let files = FileManager.default
        let temporary = files.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try files.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: temporary) }
        func make(_ name: String, holding file: String) throws {
            try files.createDirectory(
                atPath: "\(temporary)/\(name)", withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: "\(temporary)/\(name)/\(file)"))
        }
        let (left, mine) = (
            "understudy-bench-\(UUID().uuidString)", "understudy-bench-\(UUID().uuidString)"
        )
        try make(left, holding: "manifest.json")
        try make(mine, holding: "notes.txt")
        try make("understudy-bench-notes", holding: "manifest.json")
        var first: ScratchFolder? = try ScratchFolder(for: .cache, in: temporary)
        let used = try #require(first?.path)
        let second = try ScratchFolder(for: .cache, in: temporary)
        let names = Set(try files.contentsOfDirectory(atPath: temporary))
        #expect(
            names == [
                mine, "understudy-bench-notes", URL(fileURLWithPath: used).lastPathComponent,
                URL(fileURLWithPath: second.path).lastPathComponent,
            ])
        first = nil
        #expect(!files.fileExists(atPath: used))
    }
}
