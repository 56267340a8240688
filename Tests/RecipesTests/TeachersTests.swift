import Testing

@testable import Recipes

@Suite("Several teachers") struct TeachersTests {
    private static let single = "teacher: {card: ../teachers/t.yaml}"

    /// The sample with a list of teachers in place of its one.
    private func read(_ teachers: String, overrides: [String] = []) throws -> Recipe {
        try RecipesTests.read(Self.single, "teachers: \(teachers)", overrides: overrides)
    }

    @Test("each has a card, a weight and a precision; the weights are divided by their sum")
    func values() throws {
        let recipe = try read(
            "[{card: a.yaml, weight: 3}, {card: /b.yaml, precision: bf16}]")
        #expect(
            recipe.teachers == [
                .init(card: "/exp/recipes/a.yaml", weight: 0.75, precision: .fp32),
                .init(card: "/b.yaml", weight: 0.25, precision: .bf16),
            ])
        #expect(try RecipesTests.read().teachers.map(\.weight) == [1])
        #expect(try read("none", overrides: ["cache=none", "loss.kl=0"]).teachers.isEmpty)
        // A view does not know who looks at it.
        #expect(
            try recipe.viewFields.map(\.value) == RecipesTests.read().viewFields.map(\.value))
    }

    @Test(
        "the resolved recipe reads back to an equal one, whatever the weights' last bits",
        arguments: [
            [1, 1], [1, 2, 4], [0.1, 0.2, 0.3], [1e6, 1e-6], [0.7, 0.1, 0.1, 0.1],
            [3, 7, 11, 13, 17, 19, 23],
        ])
    func resolved(weights: [Double]) throws {
        let items = weights.enumerated().map { "{card: t\($0).yaml, weight: \($1)}" }
        let recipe = try read("[\(items.joined(separator: ", "))]")
        let sum = weights.reduce(0, +)
        for (teacher, weight) in zip(recipe.teachers, weights) {
            // Two roundings, or none where the sum is 1 already.
            #expect(abs(teacher.weight - weight / sum) <= 1e-15 * teacher.weight)
        }
        let text = recipe.resolvedYAML
        #expect(text.contains("teachers:\n  - card: /exp/recipes/t0.yaml\n    weight: "))
        #expect(!text.contains("teacher:"))
        let again = try Recipe(parsing: text, path: "/elsewhere/recipe.yaml")
        #expect(again == recipe)
        #expect(again.resolvedYAML == text)
    }

    @Test("a single teacher is written as one")
    func single() throws {
        let text = try RecipesTests.read().resolvedYAML
        #expect(
            text.contains("\nteacher:\n  card: /exp/teachers/t.yaml\n  precision: fp32\ncache:"))
        #expect(!text.contains("teachers:"))
    }

    @Test("a child takes over with none, in both directions, and its list replaces its parent's")
    func child() throws {
        let several = "teachers: [{card: a.yaml}, {card: b.yaml}]"
        let files = [
            "one.yaml": sample,
            "two.yaml": "extends: one.yaml\nteacher: none\n\(several)",
            "back.yaml": "extends: two.yaml\nteacher: {card: c.yaml}\nteachers: none",
            "three.yaml": "extends: two.yaml\n"
                + "teachers: [{card: c.yaml}, {card: d.yaml}, {card: e.yaml}]",
            "both.yaml": "extends: one.yaml\n\(several)",
        ]
        try withFiles(files) { (folder) throws in
            func cards(_ name: String) throws -> [String] {
                try Recipe(contentsOf: "\(folder)/\(name)").teachers
                    .map { $0.card.replacingOccurrences(of: "\(folder)/", with: "") }
            }
            #expect(try cards("two.yaml") == ["a.yaml", "b.yaml"])
            #expect(try cards("back.yaml") == ["c.yaml"])
            #expect(try cards("three.yaml") == ["c.yaml", "d.yaml", "e.yaml"])
            #expect(
                message { try Recipe(contentsOf: "\(folder)/both.yaml") }
                    == "\(folder)/both.yaml:2:11: teachers takes the place of teacher: set one of "
                    + "the two to none")
        }
    }

    @Test(
        "what cannot be is an error at its place",
        arguments: [
            (
                "{card: a.yaml}",
                "15:11: teachers: expected a list of at least 2 mappings, or none, found a mapping"
            ),
            (
                "[{card: a.yaml}]",
                "15:11: teachers: expected a list of at least 2 mappings, or none, found a list of 1"
            ),
            (
                "[a.yaml, b.yaml]", "15:12: teachers[0]: expected a mapping, found 'a.yaml'"
            ),
            (
                "[{card: a.yaml}, {cart: b.yaml}]",
                "15:29: unknown key 'cart' in teachers[1]; known: card, precision, weight"
            ),
            (
                "[{card: a.yaml}, {weight: 1}]",
                "15:28: missing key 'card' in teachers[1]: a text"
            ),
            (
                "[{card: a.yaml, weight: 0}, {card: b.yaml}]",
                "15:35: teachers[0].weight: expected a number above 0 and at most 1000000, found '0'"
            ),
            (
                "[{card: a.yaml, weight: half}, {card: b.yaml}]",
                "15:35: teachers[0].weight: expected a number above 0 and at most 1000000, found "
                    + "'half'"
            ),
            (
                "[{card: a.yaml}, {card: b.yaml, precision: fp16}]",
                "15:54: teachers[1].precision: expected one of fp32, bf16, found 'fp16'"
            ),
            (
                "[{card: a.yaml}, {card: b.yaml}, {card: x/../a.yaml}]",
                "15:51: teachers[2].card is the card of teachers[0], too; name each teacher once, "
                    + "with its whole weight"
            ),
            (
                "[{card: a.yaml, weight: 1000000}, {card: b.yaml, weight: 4.0e-324}]",
                "15:68: teachers[1].weight vanishes beside the others; leave this teacher out"
            ),
        ])
    func errors(teachers: String, expected: String) {
        let lines = message(Self.single, "teachers: \(teachers)").split(separator: "\n")
        #expect(lines.contains("mine.yaml:\(expected)"))
    }

    @Test("one teacher has no weight")
    func weightOfOne() {
        #expect(
            message(Self.single, "teacher: {card: a.yaml, weight: 2}")
                == "mine.yaml:15:25: unknown key 'weight' in teacher; known: card, precision")
    }

    @Test("an override replaces the list, with paths from the working directory")
    func override() throws {
        let recipe = try RecipesTests.read(
            overrides: ["teacher=none", "teachers=[{card: /a.yaml}, {card: /b.yaml}]"])
        #expect(recipe.teachers.map(\.card) == ["/a.yaml", "/b.yaml"])
        #expect(
            message { try RecipesTests.read(overrides: ["teachers=[{card: a}, {card: a}]"]) }
                == "--set teachers=[{card: a}, {card: a}]: teachers takes the place of teacher: "
                + "set one of the two to none")
    }
}
