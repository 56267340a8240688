import Foundation
import Testing

@testable import Torch

@Suite("Atomic files") struct AtomicFileTests {
    @Test("a file replaces what was at its path and leaves no temporary") func replaces() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("a.json", Array("old".utf8))
        try AtomicFile.write(Data("new".utf8), to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("new".utf8))
        #expect(folder.contents == ["a.json"])
    }

    /// A pipe in the temporary's place takes every byte, but cannot be flushed.
    @Test("what could not be flushed to the disk does not get the name") func flushed() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("a.json", Array("old".utf8))
        let temporary = "\(path).\(getpid()).tmp"
        #expect(mkfifo(temporary, 0o600) == 0)
        let reader = open(temporary, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        let error = #expect(throws: TorchError.self) {
            try AtomicFile.write(Data("new".utf8), to: path)
        }
        #expect(error?.message == "\(path): Invalid argument")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
        #expect(folder.contents == ["a.json"])
    }
}
