import ArgumentParser
import Base
import Loading
import Recipes
import StrictYAML

/// `understudy recipe`.
struct RecipeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipe",
        abstract: "Checks a recipe and prints it with every value, or lists the keys.",
        discussion: """
            Examples:
              understudy recipe check recipes/patches-kd.yaml
              understudy recipe keys
            """,
        subcommands: [CheckRecipeCommand.self, RecipeKeysCommand.self])
}

/// `understudy recipe check`.
struct CheckRecipeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Prints a recipe as a training would understand it, or all that is wrong with it.",
        discussion: """
            What is printed has every key: with what the file extends, with overrides, with defaults \
            and what follows from other keys or from the training images, and with absolute paths. \
            It is a recipe itself, the one that a run folder holds.

            Errors are printed all at once, each with file, line and column; then the exit status \
            is 1.

            Examples:
              understudy recipe check recipes/patches-kd.yaml --set optimizer.lr=0.01
              understudy recipe check recipes/imagenet-resnet50-kd.yaml --json
            """)

    @Argument(help: "The recipe, a YAML file.")
    var recipe: String

    @OptionGroup var overrides: RecipeOverrides

    @Option(
        name: .long,
        help: "Training images, where they are not at hand and keys follow from their number.")
    var images: Int?

    @Flag(name: .long, help: "Print JSON: the recipe as YAML, or the errors.")
    var json = false

    func validate() throws {
        guard images.map(Limits.images.contains) ?? true else {
            throw ValidationError(
                "--images must be between 1 and \(Limits.images.upperBound)")
        }
    }

    func run() throws {
        let report: Report
        do {
            let read = try Recipe(
                contentsOf: recipe, overrides: overrides.list,
                data: .counted(ListedData(images: images)))
            report = Report(resolved: read.resolvedYAML, errors: [])
        } catch let error as YAMLError where json {
            report = Report(resolved: nil, errors: [error])
        } catch let error as YAMLErrors where json {
            report = Report(resolved: nil, errors: error.all)
        }
        if json {
            try StandardStreams.print(report.json())
        } else if let text = report.recipe {
            // Without the last line feed, which printing adds.
            try StandardStreams.printVerbatim(String(text.dropLast()))
        }
        guard report.errors.isEmpty else {
            let count = report.errors.count
            throw CommandError("\(recipe): \(count) \(count == 1 ? "error" : "errors")")
        }
    }

    /// What is printed as JSON.
    private struct Report: Encodable {
        /// The recipe with every value, as YAML; none where there are errors.
        let recipe: String?
        let errors: [Fault]

        struct Fault: Encodable {
            /// The file, or the override as it was given.
            let place: String?
            let line: Int?
            let column: Int?
            let message: String
        }

        init(resolved: String?, errors: [YAMLError]) {
            recipe = resolved
            self.errors = errors.map { error in
                Fault(
                    place: error.source?.origin ?? error.place, line: error.source?.line,
                    column: error.source?.column, message: error.message)
            }
        }
    }
}

/// `understudy recipe keys`.
struct RecipeKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Lists every key of a recipe with its values, default and meaning.",
        discussion: """
            As a page in Markdown, which is docs/recipe.md, or as JSON.

            Example:
              understudy recipe keys > docs/recipe.md
            """)

    @Flag(name: .long, help: "Print JSON: a list of the keys.")
    var json = false

    func run() throws {
        guard json else {
            return try StandardStreams.printVerbatim(String(Recipe.reference.dropLast()))
        }
        try StandardStreams.print(
            Recipe.documentation.flattened().map { Entry(path: $0.path, of: $0.key) }.json())
    }

    /// A key in JSON.
    private struct Entry: Encodable {
        /// Its dotted path.
        let key: String
        /// Type and range in words.
        let value: String
        /// The default, in YAML or in words.
        let standard: String
        let isRequired: Bool
        let meaning: String
        /// With which values of another key it has a meaning; empty where it always has.
        let with: [String]

        init(path: String, of key: KeyDescription) {
            self.key = path
            value = key.value
            standard = key.standard.text
            isRequired = key.standard == .required
            meaning = key.summary
            with = key.choices
        }

        enum CodingKeys: String, CodingKey {
            case key, value, meaning, with
            case standard = "default"
            case isRequired = "required"
        }
    }
}
