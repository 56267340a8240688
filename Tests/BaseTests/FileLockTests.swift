import Foundation
import Testing

@testable import Base

@Suite("File locks") struct FileLockTests {
    @Test("only a lock that another holds is busy") func attempts() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("FileLockTests-\(UUID().uuidString)").path
        defer { unlink(path) }
        let first = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        let second = open(path, O_RDWR | O_CLOEXEC)
        #expect(try FileLock.attempt(first, path: path) == .taken)
        #expect(try FileLock.attempt(first, path: path) == .taken)
        #expect(try FileLock.attempt(second, path: path) == .busy)
        close(first)
        #expect(try FileLock.attempt(second, path: path) == .taken)
        close(second)
        let error = #expect(throws: SystemFailure.self) {
            try FileLock.attempt(-1, path: "a/.lock")
        }
        #expect(error?.description == "a/.lock: cannot be locked: Bad file descriptor")
    }
}
