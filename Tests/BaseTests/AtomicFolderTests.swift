import Foundation
import Synchronization
import Testing

@testable import Base

@Suite("Folders that appear whole") struct AtomicFolderTests {
    private func write(_ text: String, to path: String, replacing: Bool = false) throws {
        let made = try AtomicFolder(path)
        try AtomicFile.write(Data(text.utf8), to: "\(made.temporary)/file")
        try Folders.make("\(made.temporary)/inner")
        try made.publish(replacing: replacing)
    }

    private func text(of path: String) throws -> String {
        try String(contentsOfFile: "\(path)/file", encoding: .utf8)
    }

    @Test("a folder has its name when it is published, and nothing is left beside it")
    func appears() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out"
            try write("one", to: path)
            #expect(try text(of: path) == "one")
            #expect(try Folders.names(in: folder) == ["out"])
            // A slash at the end names the same folder.
            try write("two", to: path + "/", replacing: true)
            #expect(try text(of: path) == "two")
            #expect(try Folders.names(in: folder) == ["out"])
        }
    }

    @Test("what is there stays unless it may be replaced; an empty folder is taken")
    func taken() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out"
            try Folders.make(path)
            try write("one", to: path)
            #expect(throws: SystemFailure.self) { try write("two", to: path) }
            #expect(try text(of: path) == "one")
            #expect(try Folders.names(in: folder) == ["out"])
        }
    }

    @Test("one that is dropped leaves nothing, and a dead writer's is removed") func stale() throws
    {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out"
            func drop() throws {
                let made = try AtomicFolder(path)
                #expect(!FileKind.isMissing(made.temporary))
            }
            try drop()
            #expect(try Folders.names(in: folder).isEmpty)
            let stale = TemporaryName(of: "out").description
            let other = TemporaryName(of: "other").description
            for name in [stale, other] { try Folders.make("\(folder)/\(name)/inner") }
            try write("one", to: path)
            #expect(try Set(Folders.names(in: folder)) == ["out", other])
        }
    }

    @Test("writers that begin together keep their temporaries") func together() throws {
        try withTemporaryFolder { folder in
            let failures = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                for _ in 0..<200 {
                    do {
                        let made = try AtomicFolder("\(folder)/out")
                        // Nobody takes it away while it is written to.
                        let isKept =
                            mkdir("\(made.temporary)/inner", 0o777) == 0
                            && !FileKind.isMissing(made.temporary)
                        if !isKept { failures.withLock { $0.append("gone") } }
                    } catch { failures.withLock { $0.append("\(error)") } }
                }
            }
            let left = try Folders.names(in: folder)
            #expect(failures.withLock { $0 } == [] && left == [])
        }
    }

    @Test("where two folders cannot change places, the old one goes aside for a moment")
    func aside() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/out"
            try write("one", to: path)
            func replace(_ exchange: (String, String) -> Int32) throws {
                let made = try AtomicFolder(path)
                try AtomicFile.write(Data("two".utf8), to: "\(made.temporary)/file")
                try made.publish(replacing: true, exchanging: exchange)
            }
            // The new one has gone when it is to get the name: the old one has it again.
            #expect(throws: SystemFailure.self) {
                try replace { temporary, _ in
                    try? FileManager.default.removeItem(atPath: temporary)
                    return ENOSYS
                }
            }
            #expect(try text(of: path) == "one")
            #expect(throws: SystemFailure.self) { try replace { _, _ in EIO } }
            #expect(try text(of: path) == "one")
            try replace { _, _ in EINVAL }
            #expect(try text(of: path) == "two")
            #expect(try Folders.names(in: folder) == ["out"])
            // What a crash leaves there no writer takes for a dead one's.
            let old = AtomicFolder.aside(path)
            #expect(TemporaryName(String(old.dropFirst("\(folder)/".count))) == nil)
            try Folders.make("\(old)/inner")
            try write("three", to: path, replacing: true)
            #expect(!FileKind.isMissing("\(old)/inner"))
        }
    }

    @Test("a place that cannot be is refused with its path") func refused() throws {
        try withTemporaryFolder { folder in
            func begin(_ path: String) throws { _ = try AtomicFolder(path).path }
            let error = #expect(throws: SystemFailure.self) { try begin("\(folder)/missing/out") }
            #expect(error?.description.hasPrefix("\(folder)/missing/.tmp-out-") ?? false)
            #expect(throws: SystemFailure.self) { try begin("") }
        }
    }
}
