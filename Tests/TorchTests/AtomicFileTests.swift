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

    @Test("one that fails half-way leaves what was there") func fails() throws {
        let folder = try TemporaryFolder()
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
}
