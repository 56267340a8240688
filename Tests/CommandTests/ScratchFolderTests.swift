import Foundation
import Testing

@testable import understudy

@Suite("Scratch folders") struct ScratchFolderTests {
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
        var first: ScratchFolder? = try ScratchFolder(in: temporary)
        let used = try #require(first?.path)
        let second = try ScratchFolder(in: temporary)
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
