import StrictYAML
import Testing

@testable import Distillation
@testable import Recipes

@Suite("Choosing a teacher") struct RecipeTeachersTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        for (file, name) in [("a", "tiny"), ("b", "small"), ("twin", "tiny")] {
            try scratch.write(
                "\(file).yaml",
                """
                name: \(name)
                kind: resnet
                classes: 2
                architecture: {depth: 18}
                preprocessing: {size: 32, resize: 36, interpolation: bilinear, mean: [0, 0, 0], std: [1, 1, 1]}
                weights: {file: w, sha256: null}
                source: a test
                """)
        }
    }

    private func recipe(_ files: String...) throws -> Recipe {
        var recipe = try Inputs().recipe()
        recipe.teachers = files.map {
            .init(card: "\(scratch.path)/\($0).yaml", weight: 1, precision: .fp32)
        }
        return recipe
    }

    @Test("of several it is the one whose card has the name; of one it needs none")
    func named() throws {
        let several = try recipe("a", "b", "new")
        #expect(try several.teacher(named: "small") == several.teachers[1])
        // Where there is no card yet the file's name stands for it.
        #expect(try several.teacher(named: "new") == several.teachers[2])
        let single = try recipe("new")
        #expect(try single.teacher(named: nil) == single.teachers[0])
        #expect(try recipe("a").teacher(named: "tiny").card == "\(scratch.path)/a.yaml")
        #expect(try recipe("b", "a").cardedTeachers().map(\.card.name) == ["small", "tiny"])
    }

    @Test("what is wrong is one line with the names")
    func errors() throws {
        func fails(
            _ recipe: Recipe, _ name: String?, _ text: String, _ kind: TrainingError.Kind? = nil
        ) {
            #expect(throws: TrainingError(text, kind)) { try recipe.teacher(named: name) }
        }
        try fails(
            recipe("a", "b"), nil,
            "recipe student has 2 teachers", .teacherUnnamed(["tiny", "small"]))
        try fails(
            recipe("a", "b"), "large",
            "recipe student has no teacher 'large'; its teachers: tiny, small")
        try fails(recipe("a"), "a", "recipe student has no teacher 'a'; its teachers: tiny")
        try fails(recipe(), nil, "recipe student has no teacher: set teacher to {card: FILE}")
        try fails(
            recipe("a", "twin"), "tiny",
            "\(scratch.path)/twin.yaml and \(scratch.path)/a.yaml both name their teacher tiny; "
                + "give one another name")
        #expect(
            throws: YAMLError(place: "\(scratch.path)/new.yaml", message: "no such file")
        ) { try recipe("a", "new").cardedTeachers() }
        var without = try recipe("a")
        without.cache = nil
        #expect(
            throws: TrainingError(
                "recipe student says cache: none: remove that, or set cache to {epochs: N}")
        ) { try without.requiredCache() }
    }

    @Test("a recipe with a teacher has a cache unless it says that it has none") func cache() throws
    {
        let text = """
            data: {train: a, val: b, classes: 2}
            batch: {size: 8, group: 4}
            schedule: {epochs: 2}
            ema: {decay: 0.5}
            checkpoint: {every_steps: 5}
            teacher: {card: a.yaml}

            """
        func epochs(_ cache: String) throws -> Int {
            try Recipe(parsing: text + cache, path: "student.yaml").requiredCache().epochs
        }
        #expect(throws: TrainingError.self) { try epochs("cache: none\n") }
        // What the error advises.
        #expect(try epochs("") == 2 && epochs("cache: {epochs: 1}\n") == 1)
    }
}
