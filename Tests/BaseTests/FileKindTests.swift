import Foundation
import Testing

@testable import Base

@Suite("What lies at a path") struct FileKindTests {
    @Test("a link is what it leads to, and what the system does not say is no absence")
    func kinds() throws {
        try withTemporaryFolder { folder in
            try Data([1, 2]).write(to: URL(fileURLWithPath: "\(folder)/file"))
            symlink("file", "\(folder)/link")
            symlink("none", "\(folder)/dangling")
            mkfifo("\(folder)/pipe", 0o600)
            #expect(try FileKind.at(folder) == .folder)
            #expect(try FileKind.at("\(folder)/link") == .file)
            #expect(try FileKind.at("\(folder)/pipe") == .pipe)
            for name in ["none", "dangling", "file/below"] {
                #expect(try FileKind.at("\(folder)/\(name)") == nil)
                #expect(FileKind.isMissing("\(folder)/\(name)"))
                #expect(RegularFile.bytes(at: "\(folder)/\(name)") == nil)
            }
            let long = "\(folder)/\(String(repeating: "x", count: 300))"
            #expect(throws: SystemFailure("\(long): cannot be looked at", ENAMETOOLONG)) {
                try FileKind.at(long)
            }
            #expect(!FileKind.isMissing(long))
            #expect(RegularFile.bytes(at: "\(folder)/link") == 2)
            #expect(RegularFile.bytes(at: folder) == nil)
            // Whoever opens it is told why that cannot be done.
            #expect(RegularFile.bytes(at: long) == 0)
        }
    }
}
