import Base
import Loading
import Models
import Recipes

extension Trainer {
    /// Measures a network on the validation images.
    ///
    /// - Parameter what: what this is, for messages: `the validation of epoch 3`.
    /// - Throws: `Interrupted` after a signal; `TrainingError` for an image that cannot be used. The
    ///   training up to here is saved.
    func validate(_ network: any ImageClassifier, _ what: String) throws -> Accuracy {
        progress.begin("validation", total: validationImages, unit: "images")
        defer { progress.end() }
        do {
            return try evaluator.accuracy(of: network) { done in
                progress.advance(to: done, note: "")
                // What is measured after the last batch is worth keeping.
                guard done < validationImages, Interruption.requested else { return }
                throw Interrupted(
                    description: "stopped in \(what); the training up to step \(state.steps) is "
                        + "saved; the same command with --resume goes on from there")
            }
        } catch let error as DatasetError {
            throw TrainingError(
                "\(error) (in \(what); the training up to step \(state.steps) is saved)"
                    + Self.advice(recipe))
        }
    }

    /// Why an image is an error although the recipe substitutes others.
    private static func advice(_ recipe: Recipe) -> String {
        recipe.data.onError == .substitute
            ? "; data.on_error holds for training images only" : ""
    }
}
