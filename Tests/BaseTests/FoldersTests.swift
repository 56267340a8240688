import Base
import Foundation
import Testing

@Suite("Folders") struct FoldersTests {
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

    @Test("a name is put behind one slash of its folder's path") func paths() {
        for (folder, path) in [("a", "a/b"), ("a/", "a/b"), ("/", "/b"), ("/a/", "/a/b")] {
            #expect(Folders.path(of: "b", in: folder) == path)
        }
    }

    @Test("a folder's names are sorted, hidden ones included; none is listed of what is no folder")
    func names() throws {
        try withTemporaryFolder { folder in
            for name in ["b", ".a", "c d", "é"] {
                try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            #expect(try Folders.names(in: folder) == [".a", "b", "c d", "é"])
            #expect(throws: SystemFailure("\(folder)/b: cannot list", ENOTDIR)) {
                try Folders.names(in: "\(folder)/b")
            }
            #expect(throws: SystemFailure("\(folder)/none: cannot list", ENOENT)) {
                try Folders.names(in: "\(folder)/none")
            }
            // What has gone keeps no names.
            try Folders.synchronize("\(folder)/none")
        }
    }
}
