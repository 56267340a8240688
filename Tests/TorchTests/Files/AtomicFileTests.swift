import Base
import Foundation
import Testing

@testable import Torch

@Suite("Atomic files") struct AtomicFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("a file replaces what was at its path and leaves no temporary") func replaces() throws {
        let path = try folder.file("a.json", Array("old".utf8))
        try AtomicFile.write(Data("new".utf8), to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("new".utf8))
        #expect(folder.contents == ["a.json"])
    }

    @Test("one that fails half-way leaves what was there") func fails() throws {
        let path = try folder.file("a.json", Array("old".utf8))
        let failure = TorchError(operation: "file", message: "no more")
        #expect(throws: failure) {
            try AtomicFile.write(to: path) { (descriptor) throws(TorchError) in
                try AtomicFile.append(Array("new".utf8), to: descriptor, path)
                throw failure
            }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
        #expect(folder.contents == ["a.json"])
    }

    @Test("a write removes what a killed one left, and nothing else") func stale() throws {
        let stays = [
            // Of another file, of a program that names them otherwise, and a user's own.
            ".tmp-b.json-12-0000000000000abc", "a.json.tmp", "a.json.12.tmp", ".tmp-a.json",
            ".tmp-a.json-x-1",
            ".tmp-a.json-12-notes", ".tmp-a.json-2024-11", ".tmp-a.json-1-0000000000000ABC",
            ".tmp-a.json--0000000000000abc",
        ]
        for name in stays + [".tmp-a.json-12-0000000000000abc", ".tmp-a.json-1-0000000000000000"] {
            _ = try folder.file(name, [1])
        }
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/.tmp-a.json-12-000000000000000d",
            withIntermediateDirectories: false)
        try AtomicFile.write(Data("{}".utf8), to: "\(folder.path)/a.json")
        #expect(
            folder.contents == (stays + ["a.json", ".tmp-a.json-12-000000000000000d"]).sorted())
    }

    @Test("the temporary of a writer that lives stays") func locked() throws {
        let path = try folder.file(".tmp-a.json-12-0000000000000abc", [])
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        #expect(try FileLock.take(descriptor, path: path) == .held)
        try AtomicFile.write(Data("{}".utf8), to: "\(folder.path)/a.json")
        #expect(folder.contents == [".tmp-a.json-12-0000000000000abc", "a.json"])
    }

    @Test("a name that is none is refused") func names() throws {
        #expect(
            errorText { try AtomicFile.write(Data(), to: "") }
                == "file: : No such file or directory"
        )
        #expect(
            errorText { try AtomicFile.write(Data(), to: "\(folder.path)/") }
                == "file: \(folder.path)/: Is a directory")
        #expect(folder.contents == [])
    }
}
