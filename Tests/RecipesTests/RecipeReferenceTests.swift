import Foundation
import Testing

@testable import Recipes

@Suite("The documentation of keys") struct RecipeReferenceTests {
    @Test("docs/recipe.md is what the program prints")
    func committed() throws {
        let file = try String(contentsOfFile: "\(repository)/docs/recipe.md", encoding: .utf8)
        #expect(
            file == Recipe.reference, "run: understudy recipe --keys > docs/recipe.md")
    }

    @Test("it has every key that a recipe knows, sections and choices included")
    func complete() throws {
        for key in ["randaugment", "on_error", "top_k", "momentum", "betas", "every_steps"] {
            #expect(Recipe.reference.contains("\n| `\(key)` | "))
        }
        #expect(Recipe.reference.contains("\n### view.color_jitter\n"))
    }
}
