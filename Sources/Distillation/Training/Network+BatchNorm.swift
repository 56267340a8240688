import Models
import Recipes

extension ImageClassifier {
    /// Refuses a recipe whose groups leave a normalisation over the batch one value per channel.
    ///
    /// Of one value the variance is zero: every channel would become its bias, whatever the image,
    /// and the running variance not a number.
    func checkBatchNorm(of recipe: Recipe) throws(TrainingError) {
        let (group, size) = (recipe.batch.group, recipe.view.size)
        guard let values = valuesPerChannel(imageSize: size), group * values == 1 else { return }
        throw TrainingError(
            "batch.group \(group) leaves one value per channel at \(size) px, over which "
                + "\(recipe.model.name) cannot normalise; raise batch.group or view.size")
    }
}
