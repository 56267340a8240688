import Base
import Foundation
import Testing

@Suite("Files that are read whole") struct BoundedFileTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    /// Has a thread write pieces to a pipe, which it opens after a while.
    private func write(_ pieces: [String], to path: String, after delay: useconds_t) throws {
        try WorkerThread.start {
            usleep(delay)
            let pipe = open(path, O_WRONLY)
            for piece in pieces {
                _ = piece.withCString { Foundation.write(pipe, $0, strlen($0)) }
                usleep(delay)
            }
            close(pipe)
        }
    }

    @Test("a pipe is read to its end, whenever its writer comes, and found again")
    func pipe() throws {
        try withFolder { folder in
            let path = "\(folder)/pipe"
            #expect(mkfifo(path, 0o600) == 0)
            try write(["name: ", "x\n"], to: path, after: 60_000)
            #expect(try BoundedFile.read(path, limit: 100) == Array("name: x\n".utf8))
            // Nobody writes to it any more.
            #expect(
                try BoundedFile.read(path, limit: 100, patience: .zero) == Array("name: x\n".utf8))
            #expect(try BoundedFile.read(path, limit: 3) == nil)
        }
    }

    @Test("a pipe of more than the limit is told, and one that is closed empty is empty")
    func bounds() throws {
        try withFolder { folder in
            let (long, empty) = ("\(folder)/long", "\(folder)/empty")
            #expect(mkfifo(long, 0o600) == 0 && mkfifo(empty, 0o600) == 0)
            try write([String(repeating: "x", count: 2000)], to: long, after: 1000)
            #expect(try BoundedFile.read(long, limit: 1000) == nil)
            try write([], to: empty, after: 1000)
            #expect(try BoundedFile.read(empty, limit: 1000) == [])
        }
    }

    @Test("a pipe that nobody writes to ends with a line, not never") func nobody() throws {
        try withFolder { folder in
            let path = "\(folder)/pipe"
            #expect(mkfifo(path, 0o600) == 0)
            let error = #expect(throws: SystemFailure.self) {
                try BoundedFile.read(path, limit: 10, patience: .milliseconds(50))
            }
            #expect(error?.description == "\(path): nobody writes to this pipe")
            #expect(error?.code == ETIMEDOUT)
        }
    }

    @Test("devices and folders") func others() throws {
        #expect(try BoundedFile.read("/dev/null", limit: 10) == [])
        #expect(try BoundedFile.read("/dev/zero", limit: 10) == nil)
        let error = #expect(throws: SystemFailure.self) { try BoundedFile.read("/", limit: 10) }
        #expect(error?.code == EISDIR)
    }

    @Test("what is read at any place is a file, and nothing waits for another") func regular()
        throws
    {
        func refusal(_ path: String) -> String? {
            do {
                close(try RegularFile.open(path))
                return nil
            } catch { return error.description }
        }
        try withFolder { folder in
            #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
            #expect(
                refusal("\(folder)/pipe")
                    == "is a pipe, not a file; save what comes through it as one")
            let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let name = Array("\(folder)/s".utf8)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            #expect(bound == 0)
            #expect(refusal("\(folder)/s") == "is a socket, not a file")
            #expect(refusal("\(folder)/none") == "No such file or directory")
            #expect(refusal(folder) == "is a folder, not a file")
            try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
            #expect(refusal("\(folder)/file") == nil)
        }
        #expect(refusal("/dev/null") == "is a device, not a file")
    }

    @Test("folders are made with those above them, and the first reason is the one told")
    func folders() throws {
        try withFolder { folder in
            var made: [String] = []
            try Folders.make("\(folder)/a/b/c/") { made.append($0) }
            #expect(made == ["\(folder)/a", "\(folder)/a/b", "\(folder)/a/b/c/"])
            try Folders.make("\(folder)/a/b") { made.append($0) }
            #expect(made.count == 3)
            try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
            symlink("none", "\(folder)/link")
            for (path, code) in [
                ("file", ENOTDIR), ("file/a/b", ENOTDIR), ("link", EEXIST),
                ("\(String(repeating: "x", count: 300))/a", ENAMETOOLONG),
            ] {
                let error = #expect(throws: SystemFailure.self) {
                    try Folders.make("\(folder)/\(path)")
                }
                #expect(
                    error
                        == SystemFailure("\(folder)/\(path): cannot make the folder", code))
            }
        }
    }
}
