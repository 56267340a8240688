import ArgumentParser
import Distillation
import Recipes

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
