import Base
import Foundation
import Testing

@Suite("Files that are read at any place") struct RegularFileTests {
    @Test("what is read at any place is a file, and nothing waits for another") func regular()
        throws
    {
        func refusal(_ path: String) -> String? {
            do {
                close(try RegularFile.open(path))
                return nil
            } catch { return error.description }
        }
        try withTemporaryFolder { folder in
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

    @Test("what the system does not tell of is not missing") func missing() throws {
        try withTemporaryFolder { folder in
            try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
            symlink("none", "\(folder)/link")
            symlink("loop", "\(folder)/loop")
            for (name, isMissing) in [
                ("file", false), ("none", true), ("file/x", true), ("link", true),
                ("loop", false), (String(repeating: "x", count: 300), false),
            ] {
                #expect(FileKind.isMissing("\(folder)/\(name)") == isMissing, "\(name)")
            }
        }
    }
}
