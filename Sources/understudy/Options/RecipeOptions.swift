import ArgumentParser
import Distillation
import Loading
import Recipes

/// The recipe of a command and its overrides.
struct RecipeOptions: ParsableArguments {
    @Option(name: .long, help: "The recipe, a YAML file.")
    var recipe: String

    @OptionGroup private var changes: RecipeOverrides

    var overrides: [String] { changes.list }

    /// Reads the recipe.
    ///
    /// - Parameter images: how many training images there are, where that is known otherwise.
    func read(images: Int? = nil) throws -> Recipe { try read(ListedData(images: images)) }

    /// Reads the recipe; where its images were listed for it, `loading` has the list then.
    func read(listingFor loading: inout LoadingOptions) throws -> Recipe {
        let listed = ListedData()
        loading.listed = listed
        return try read(listed)
    }

    /// Reads the recipe, whose images are listed where it needs it.
    func read(_ listed: ListedData) throws -> Recipe {
        try Recipe(contentsOf: recipe, overrides: overrides, data: .counted(listed))
    }
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

/// Which of a recipe's teachers a command is about.
struct TeacherOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The recipe's teacher, by its card's name; needed where the recipe has several.",
            valueName: "name"))
    var teacher: String?

    /// The section of the teacher that is meant.
    func section(of recipe: Recipe) throws -> Recipe.Teacher {
        try recipe.teacher(named: teacher)
    }
}
