import Foundation
import Synchronization
import Testing

/// Libraries that put functions of their own in the place of the system's, for LD_PRELOAD: so a
/// program meets a full disk, a file system without locks or a limit of threads.
enum Preload {
    private static let made = Mutex<[String: String]>([:])

    /// The path of the library of a source in Fixtures/command, compiled once.
    static func library(_ name: String) throws -> String {
        try made.withLock { made in
            if let path = made[name] { return path }
            let fixtures = Repository.url("Tests/Fixtures/command")
            let path = FileManager.default.temporaryDirectory
                .appendingPathComponent("understudy-\(name)-\(UUID().uuidString).so").path
            let compiler = Process()
            compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            compiler.arguments = [
                "clang", "-shared", "-fPIC", "-o", path,
                fixtures.appendingPathComponent("\(name).c").path, "-ldl",
            ]
            try compiler.run()
            compiler.waitUntilExit()
            try #require(compiler.terminationStatus == 0)
            made[name] = path
            return path
        }
    }
}
