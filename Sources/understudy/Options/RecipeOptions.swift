import ArgumentParser
import Recipes

/// The recipe of a command and its overrides.
struct RecipeOptions: ParsableArguments {
    @Option(name: .long, help: "The recipe, a YAML file.")
    var recipe: String

    @OptionGroup private var changes: RecipeOverrides

    var overrides: [String] { changes.list }

    /// Reads the recipe.
    func read() throws -> Recipe { try Recipe(contentsOf: recipe, overrides: overrides) }
}

/// What a command line changes of a recipe.
struct RecipeOverrides: ParsableArguments {
    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp(
            "Overrides one key of the recipe, for example optimizer.lr=0.01. May be repeated.",
            valueName: "key=value"))
    var list: [String] = []
}
