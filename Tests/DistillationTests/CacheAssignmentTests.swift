import ResponseCache
import Testing

@testable import Distillation

@Suite("Caches and their teachers") struct CacheAssignmentTests {
    private let sets: DataSets
    private let match: CacheAssignment

    init() throws {
        let sets = try DataSets()
        self.sets = sets
        match = CacheAssignment(
            recipe: "student",
            teachers: try ["tiny", "small", "large"].map {
                .init(name: $0, identity: try Self.inputs($0).identity(in: sets))
            })
    }

    private static func inputs(_ teacher: String, weights: String? = "0ff1ce") throws -> Inputs {
        var inputs = try Inputs()
        inputs.card.name = teacher
        inputs.weights = weights
        return inputs
    }

    /// Begins the cache of a teacher's responses.
    private func begin(_ name: String, _ teacher: String, weights: String? = "0ff1ce") throws
        -> String
    {
        let directory = "\(sets.path)/\(name)"
        let identity = try Self.inputs(teacher, weights: weights).identity(in: sets)
        _ = try CacheBuilder(
            directory: directory, manifest: smallManifest(identity.fingerprint, teacher: teacher))
        return directory
    }

    @Test("caches find their teachers in any order")
    func order() throws {
        let (a, b, c) = try (begin("a", "large"), begin("b", "tiny"), begin("c", "small"))
        for given in [[a, b, c], [b, c, a], [c, a, b]] {
            #expect(try match.directories(given, areMade: false) == [b, c, a])
        }
    }

    @Test("caches to be made go to the teachers without one, in the recipe's order")
    func made() throws {
        let there = try begin("there", "small")
        let (one, two) = ("\(sets.path)/one", "\(sets.path)/two")
        #expect(
            try match.directories([one, there, two], areMade: true) == [one, there, two])
        #expect(
            try match.directories([two, one, there], areMade: true) == [two, there, one])
        #expect(
            throws: CacheError("\(one): there is no such cache", cause: .noCache)
        ) { try match.directories([one, there, two], areMade: false) }
        #expect(
            throws: TrainingError("\(one): is given twice; each teacher needs a cache of its own")
        ) { try match.directories([one, one, there], areMade: true) }
        #expect(
            throws: TrainingError(
                "\(two): there is no such cache, and each teacher of recipe student (tiny, small, "
                    + "large) has one; leave it out")
        ) {
            try match.directories(
                [begin("a", "tiny"), there, begin("b", "large"), two], areMade: true)
        }
    }

    @Test("a teacher without a cache is named")
    func missing() throws {
        let error = TrainingError(
            "teacher small of recipe student has no cache", .cacheUnnamed(teacher: "small"))
        let (a, b) = try (begin("a", "tiny"), begin("b", "large"))
        #expect(throws: error) { try match.directories([a, b], areMade: false) }
        #expect(throws: error) { try match.directories([b, "\(sets.path)/new"], areMade: true) }
    }

    @Test("two caches of one teacher are both named")
    func twice() throws {
        let (a, b) = try (begin("a", "small"), begin("b", "small"))
        #expect(
            throws: TrainingError(
                "\(a) and \(b) both hold the responses of teacher small; pass one of them")
        ) { try match.directories([a, b], areMade: false) }
    }

    @Test("a cache that fits no teacher is told by the teacher of its name, or by its name")
    func foreign() throws {
        let (a, b) = try (begin("a", "tiny"), begin("b", "small", weights: "c0ffee"))
        #expect(
            throws: CacheError(
                "\(b): the cache was made from other inputs; name another directory, or restore "
                    + "what differs:",
                details: ["teacher.weights: c0ffee in the cache, 0ff1ce here"],
                cause: .otherInputs)
        ) { try match.directories([a, b], areMade: false) }
        let c = try begin("c", "huge")
        #expect(
            throws: TrainingError(
                "\(c): holds the responses of teacher huge, and recipe student has tiny, small, "
                    + "large; leave it out, or name its teacher in the recipe")
        ) { try match.directories([a, c], areMade: false) }
    }
}
