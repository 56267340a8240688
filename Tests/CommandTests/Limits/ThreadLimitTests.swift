import Foundation
import Testing

/// A limit of threads, as a container has one; root is not bound by the system's own.
private enum ThreadLimit {
    /// The environment in which a program may have so many threads besides its first, and computes
    /// with that alone.
    static func environment(_ threads: Int) throws -> [String: String] {
        [
            "LD_PRELOAD": try Preload.library("threads"), "THREADS": "\(threads)",
            "OMP_NUM_THREADS": "1",
        ]
    }
}

@Suite("A limit of threads", .serialized) struct ThreadLimitTests {
    private static let train = [
        "train", "--recipe", "base.yaml", "--out", "run", "--max-steps", "1", "--workers", "3",
    ]
    private static let build = ["cache", "build", "--recipe", "student.yaml", "--cache", "new"]
    private static let pack = ["pack", "--data", "train", "--out", "packed", "--workers", "3"]

    @Test("without a thread that renders, training and building end with the reason")
    func none() throws {
        let folder = try Folder.prepared()
        for arguments in [Self.train, Self.build] {
            let outcome = try Program.run(
                arguments, in: folder, environment: ThreadLimit.environment(0))
            #expect(outcome.status == 1, "\(outcome.errors)")
            #expect(
                outcome.lastError
                    == "Error: cannot start a thread: Resource temporarily unavailable")
        }
    }

    @Test("with one thread they come to the same bytes as with three", arguments: [0, 1])
    func few(threads: Int) throws {
        let folder = try Folder.prepared()
        let environment = try ThreadLimit.environment(threads)
        // Packing does its work on the first thread where there is no other.
        let few = try Program.run(Self.pack, in: folder, environment: environment)
        #expect(few.status == 0, "\(few.errors)")
        let many = try Program.run(
            ["pack", "--data", "train", "--out", "many", "--workers", "3"], in: folder)
        #expect(many.status == 0, "\(many.errors)")
        #expect(try folder.contents("packed") == folder.contents("many"))
        guard threads > 0 else { return }
        let trained = try Program.run(Self.train, in: folder, environment: environment)
        #expect(trained.status == 0, "\(trained.errors)")
        let built = try Program.run(Self.build, in: folder, environment: environment)
        #expect(built.status == 0, "\(built.errors)")
        #expect(try folder.contents("new") == folder.contents("cache"))
    }
}
