import Foundation
import Testing

@testable import Base

@Suite("File locks") struct FileLockTests {
    @Test("only another's lock is busy; sharers share") func outcomes() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "understudy-lock-\(UUID().uuidString)"
        ).path
        defer { unlink(path) }
        func opened() -> Int32 { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        let (one, other) = (opened(), opened())
        defer { close(other) }
        #expect(try FileLock.take(one, path: path) == .held)
        #expect(try FileLock.take(one, path: path) == .held)
        #expect(try FileLock.take(other, path: path) == .busy)
        #expect(try FileLock.take(other, path: path, isShared: true) == .busy)
        #expect(try FileLock.take(one, path: path, isShared: true) == .held)
        #expect(try FileLock.take(other, path: path, isShared: true) == .held)
        #expect(try FileLock.take(other, path: path) == .busy)
        // Closed, as when its process dies.
        close(one)
        #expect(try FileLock.take(other, path: path) == .held)
    }

    @Test("any other failure has the system's reason") func failure() {
        #expect(throws: SystemFailure("a.h5: cannot lock", EBADF)) {
            _ = try FileLock.take(-1, path: "a.h5")
        }
    }
}
