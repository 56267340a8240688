import ArgumentParser
import Base
import Recipes

/// `understudy recipe`: a recipe as it is understood, or the keys that one may have.
struct RecipeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipe",
        abstract: "Prints a recipe with every key, or what the keys are.",
        discussion: """
            The file is checked and printed as a training would understand it: with what it extends, \
            with overrides and defaults, its paths absolute. What is printed is a recipe itself, the \
            one that a run folder holds.

            Examples:
              understudy recipe --recipe recipes/patches-kd.yaml --set optimizer.lr=0.01
              understudy recipe --keys
            """)

    @Option(name: .long, help: "The recipe, a YAML file.")
    var recipe: String?

    @OptionGroup var overrides: RecipeOverrides

    @Flag(name: .long, help: "Print every key with its values, default and meaning, in Markdown.")
    var keys = false

    func validate() throws {
        guard keys == (recipe == nil) else {
            throw ValidationError(
                keys ? "--keys takes no --recipe" : "one of --recipe FILE and --keys is needed")
        }
        guard !keys || overrides.list.isEmpty else {
            throw ValidationError("--set overrides a key of a --recipe")
        }
    }

    func run() throws {
        // Without the last line feed, which printing adds.
        let text =
            try recipe.map { try Recipe(contentsOf: $0, overrides: overrides.list).resolvedYAML }
            ?? Recipe.reference
        try StandardStreams.printVerbatim(String(text.dropLast()))
    }
}
