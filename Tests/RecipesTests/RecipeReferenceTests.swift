import Foundation
import Testing

@testable import Recipes

@Suite("The documentation of keys") struct RecipeReferenceTests {
    @Test("docs/recipe.md is what the program prints")
    func committed() throws {
        let file = try String(contentsOfFile: "\(repository)/docs/recipe.md", encoding: .utf8)
        #expect(
            file == Recipe.reference, "run: understudy recipe keys > docs/recipe.md")
    }

    @Test("a recipe has to name its images and its teachers' cards, and nothing else")
    func required() {
        #expect(
            Recipe.documentation.flattened().filter { $0.key.standard == .required }.map(\.path)
                == ["data", "data.train", "data.val", "teacher.card", "teachers.card"])
    }

    @Test("what derives a key is said of that key")
    func derived() {
        let keys = Recipe.documentation.flattened()
        for rule in DerivedKey.all {
            #expect(
                keys.filter { $0.path == rule.key }.map(\.key.standard) == [.derived(rule.summary)],
                "\(rule.key)")
        }
    }

    @Test("it has every key that a recipe knows, sections and choices included")
    func complete() throws {
        for key in ["randaugment", "on_error", "top_k", "momentum", "betas", "every_steps"] {
            #expect(Recipe.reference.contains("\n| `\(key)` | "))
        }
        #expect(Recipe.reference.contains("\n### view.color_jitter\n"))
    }
}
