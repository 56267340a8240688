import Foundation

/// What the scripts in Tests/Fixtures made.
enum Fixture {
    /// A file or folder by its path below Tests/Fixtures.
    static func url(_ path: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/\(path)").standardizedFileURL
    }
}
