import Base
import Learning
import Models
import Recipes
import StrictYAML
import Torch

/// What a training says of itself before its first step, a line to each topic, none over 80 columns but
/// for names and paths of the user's.
///
/// ```
/// network     resnet50, 25,557,032 parameters, bf16 on cuda:0
/// data        1,281,167 images to train on, 50,000 to validate; 1,000 classes
/// steps       508,740: 610 epochs of 834, each of 8 groups of 192 images
/// loss        0.8 kl + 0.2 ce
/// cache       all 610 epochs there, bounded 0.01 nats: responses
/// labels      the teacher's first class in 71.3 % of 16,320 views (0.2 % by chance)
/// measured    the EMA after each epoch, the trained network after one in 2
/// memory      511.1 MB for weights, gradients, averages; up to 1.07 GB for views
/// ```
struct TrainingHeader {
    let lines: [String]

    init(_ setup: TrainingSetup) {
        let (recipe, plan, step) = (setup.recipe, setup.loader.plan, setup.step)
        let parameters = step.optimizer.parameters.tensors
        let (epochs, stepsPerEpoch) = (recipe.schedule.epochs, plan.stepsPerEpoch)
        var topics = [
            (
                "network",
                "\(recipe.model.name), \(Self.count(parameters).grouped) parameters, "
                    + "\(recipe.precision.rawValue) on \(setup.options.device)"
            ),
            (
                "data",
                "\(setup.loader.dataset.samples.count.grouped) images to train on, "
                    + "\(setup.validation.images.grouped) to validate; "
                    + "\(recipe.data.classes.grouped) classes"
            ),
            (
                "steps",
                "\((epochs * stepsPerEpoch).grouped): \(epochs.grouped) epochs of "
                    + "\(stepsPerEpoch.grouped), each of "
                    + (recipe.batch.groups == 1 ? "" : "\(recipe.batch.groups) groups of ")
                    + "\(recipe.batch.group) images"
            ),
        ]
        topics.append(("loss", Self.terms(step.loss, isTaught: setup.targets != nil)))
        topics += (setup.targets?.summaries ?? []).map { ("cache", $0) }
        topics += (setup.targets?.shares ?? []).compactMap(\.agreement).map { ("labels", $0.text) }
        topics.append(("measured", Self.measured(setup.rawMeasurement)))
        // Activations come to it, of which nobody knows before the first step.
        let held = Self.bytes(step.tensors.map(\.tensor)) + Self.bytes(parameters)
        topics.append(
            (
                "memory",
                "\(held.byteText) for weights, gradients, averages; up to "
                    + "\(setup.options.loading.budget.byteText) for views"
            ))
        lines = topics.map { topic, text in
            topic + String(repeating: " ", count: max(Self.width - topic.count, 1)) + text
        }
    }

    /// Columns before the texts.
    private static let width = 12

    /// What is learned from: `0.8 kl + 0.2 ce`.
    private static func terms(_ loss: Loss, isTaught: Bool) -> String {
        let terms = loss.terms.filter { $0.weight > 0 }.map {
            "\(YAMLText.scalar($0.weight)) \(type(of: $0.term).name)"
        }
        return terms.joined(separator: " + ") + (isTaught ? "" : ", from labels alone")
    }

    private static func measured(_ raw: RawMeasurement?) -> String {
        guard let raw else { return "the network after each epoch" }
        return raw.interval == 1
            ? "the EMA and the trained network after each epoch"
            : "the EMA after each epoch, the trained network after one in \(raw.interval)"
    }

    private static func count(_ tensors: [Tensor]) -> Int { tensors.reduce(0) { $0 + $1.count } }

    private static func bytes(_ tensors: [Tensor]) -> Int {
        tensors.reduce(0) { $0 + $1.count * $1.dtype.size }
    }
}
