import Foundation
import Testing

@testable import Base

@Suite("Atomic files") struct AtomicFileTests {
    private func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test("a file replaces what was at its path and leaves no temporary") func replaces() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.json"
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            try AtomicFile.write(Data("new".utf8), to: path)
            #expect(try bytes(path) == Array("new".utf8))
            let names = try Folders.names(in: folder)
            #expect(names == ["a.json"])
        }
    }

    @Test("one that is given up half-way leaves what was there") func givenUp() throws {
        struct Stop: Error {}
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.json"
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: Stop.self) {
                var file = try AtomicFile(path)
                try file.append(Array("new".utf8))
                #expect(try Folders.names(in: folder).count == 2)
                throw Stop()
            }
            #expect(try bytes(path) == Array("old".utf8))
            let names = try Folders.names(in: folder)
            #expect(names == ["a.json"])
        }
    }

    @Test("pieces come one after the other, and the beginning may be written anew") func pieces()
        throws
    {
        try withTemporaryFolder { folder in
            var file = try AtomicFile("\(folder)/a")
            try file.append(Array("head ".utf8))
            try file.append(Data("body".utf8))
            try file.overwriteBeginning(Array("HEAD".utf8))
            try file.publish()
            #expect(try bytes("\(folder)/a") == Array("HEAD body".utf8))
        }
    }

    @Test("of two writers the first that publishes stands, and the second is told") func first()
        throws
    {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a"
            func publish(_ text: String) throws -> Bool {
                var file = try AtomicFile(path)
                try file.append(Array(text.utf8))
                return try file.publishUnlessPresent()
            }
            #expect(try publish("first"))
            #expect(try !publish("second"))
            #expect(try bytes(path) == Array("first".utf8))
            let names = try Folders.names(in: folder)
            #expect(names == ["a"])
        }
    }

    @Test("a write removes what a killed one left, and nothing else") func stale() throws {
        try withTemporaryFolder { folder in
            let stays = [
                // Of another file, of a program that names them otherwise, and a user's own.
                ".tmp-b.json-12-0000000000000abc", "a.json.tmp", "a.json.12.tmp", ".tmp-a.json",
                ".tmp-a.json-x-1",
                ".tmp-a.json-12-notes", ".tmp-a.json-2024-11", ".tmp-a.json-1-0000000000000ABC",
                ".tmp-a.json--0000000000000abc",
            ]
            let goes = [".tmp-a.json-12-0000000000000abc", ".tmp-a.json-1-0000000000000000"]
            for name in stays + goes {
                try Data([1]).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            let (subfolder, link) = (
                ".tmp-a.json-12-000000000000000d", ".tmp-a.json-12-000000000000000e"
            )
            try Folders.make("\(folder)/\(subfolder)")
            symlink("a.json.tmp", "\(folder)/\(link)")
            try AtomicFile.write(Data("{}".utf8), to: "\(folder)/a.json")
            let names = try Folders.names(in: folder)
            #expect(names == (stays + ["a.json", subfolder, link]).sorted())
        }
    }

    @Test("the temporary of a writer that lives stays") func locked() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/.tmp-a.json-12-0000000000000abc"
            let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
            defer { close(descriptor) }
            #expect(try FileLock.take(descriptor, path: path) == .held)
            try AtomicFile.write(Data("{}".utf8), to: "\(folder)/a.json")
            let names = try Folders.names(in: folder)
            #expect(names == [".tmp-a.json-12-0000000000000abc", "a.json"])
        }
    }

    @Test("a name that is none is refused") func names() throws {
        try withTemporaryFolder { folder in
            #expect(throws: SystemFailure("file: ", ENOENT)) {
                try AtomicFile.write(Data(), to: "")
            }
            #expect(throws: SystemFailure("file: \(folder)/", EISDIR)) {
                try AtomicFile.write(Data(), to: "\(folder)/")
            }
            let names = try Folders.names(in: folder)
            #expect(names == [])
        }
    }

    @Test("a full disk is told, with what to do and what is kept") func full() throws {
        let error = #expect(throws: SystemFailure.self) {
            try AtomicFile.write(Data([1]), to: "/dev/full")
        }
        #expect(
            error?.description
                == "file: /dev/full: No space left on device; make room and run again, what was at "
                + "the path is kept")
        #expect(FileIdentity("/dev/full") != nil)
    }

    @Test("a pipe that nobody reads from is no place to write to") func unread() throws {
        try withTemporaryFolder { folder in
            mkfifo("\(folder)/pipe", 0o600)
            let error = #expect(throws: SystemFailure.self) {
                try AtomicFile.write(Data([1]), to: "\(folder)/pipe")
            }
            #expect(error?.description == "file: \(folder)/pipe: nobody reads from this pipe")
            let names = try Folders.names(in: folder)
            #expect(names == ["pipe"])
        }
    }
}
