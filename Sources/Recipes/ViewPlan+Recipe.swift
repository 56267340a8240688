import StrictYAML
import Views

extension ViewPlan {
    /// Plans a recipe's views over a data set.
    ///
    /// - Throws: `YAMLError` if the images do not fill a single step, or are too many.
    package init(recipe: Recipe, imageCount: Int) throws(YAMLError) {
        try self.init(
            seed: recipe.seed, settings: recipe.view, batch: recipe.batch, imageCount: imageCount)
    }
}
