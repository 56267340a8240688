import Base
import Foundation
import Testing

@Suite("Files that are read whole") struct BoundedFileTests {
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
        try withTemporaryFolder { folder in
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
        try withTemporaryFolder { folder in
            let (long, empty) = ("\(folder)/long", "\(folder)/empty")
            #expect(mkfifo(long, 0o600) == 0 && mkfifo(empty, 0o600) == 0)
            try write([String(repeating: "x", count: 2000)], to: long, after: 1000)
            #expect(try BoundedFile.read(long, limit: 1000) == nil)
            try write([], to: empty, after: 1000)
            #expect(try BoundedFile.read(empty, limit: 1000) == [])
        }
    }

    @Test("a pipe that nobody writes to ends with a line, not never") func nobody() throws {
        try withTemporaryFolder { folder in
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
}
