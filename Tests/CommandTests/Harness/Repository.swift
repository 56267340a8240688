import Foundation

/// The checkout that these tests were built from.
enum Repository {
    /// A file or folder by its path below the root.
    static func url(_ path: String, of test: String = #filePath) -> URL {
        var root = URL(fileURLWithPath: test)
        repeat { root.deleteLastPathComponent() } while root.lastPathComponent != "Tests"
        return root.deletingLastPathComponent().appendingPathComponent(path)
    }
}
