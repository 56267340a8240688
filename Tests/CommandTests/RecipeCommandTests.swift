import Recipes
import Testing

@testable import understudy

@Suite("understudy recipe") struct RecipeCommandTests {
    @Test("prints a recipe that reads back, with overrides and every default")
    func resolved() throws {
        let folder = try Folder.prepared()
        let call = [
            "recipe", "--recipe", "base.yaml", "--set", "batch.repeats=1", "--set", "seed=7",
        ]
        let outcome = try Program.run(call, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let recipe = try Recipe(parsing: outcome.output, path: "/elsewhere/recipe.yaml")
        #expect(recipe.seed == 7)
        #expect(outcome.output == recipe.resolvedYAML)
    }

    @Test("prints the documentation of the keys")
    func keys() throws {
        let outcome = try Program.run(["recipe", "--keys"], in: Folder.prepared())
        #expect(outcome.output == Recipe.reference)
    }

    @Test(
        "takes one of the two",
        arguments: [
            ([], "one of --recipe FILE and --keys is needed"),
            (["--keys", "--recipe", "base.yaml"], "--keys takes no --recipe"),
            (["--keys", "--set", "seed=1"], "--set overrides a key of a --recipe"),
        ])
    func usage(arguments: [String], expected: String) {
        let error = #expect(throws: (any Error).self) {
            _ = try Understudy.parseAsRoot(["recipe"] + arguments)
        }
        #expect(error.map { Understudy.message(for: $0) } == expected)
    }
}
