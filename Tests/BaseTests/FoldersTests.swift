import Base
import Foundation
import Testing

@Suite("Making folders") struct FoldersTests {
    @Test("folders are made with those above them, and the first reason is the one told")
    func folders() throws {
        try withTemporaryFolder { folder in
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
