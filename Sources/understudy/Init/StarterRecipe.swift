import Base
import Foundation
import Learning
import Loading
import Recipes
import StrictYAML
import Views

/// A short recipe for some images, with a comment on each value.
///
/// What follows from other keys is only told, so that it goes on following when somebody changes
/// these.
struct StarterRecipe {
    /// The file that it is to be.
    let path: String
    /// What the images are called in the heading.
    let title: String
    let parts: StarterParts
    let classes: Int
    /// Those of the images, sorted, pixels; not empty.
    let shortSides: [Int]
    /// How many images a training has to do without; 0 where lists leave them out.
    let unreadable: Int
    let role: Role
    /// About how many steps to train for.
    let steps: Int
    let hasGPU: Bool

    /// What the network is trained for.
    enum Role: Equatable {
        /// To be used; `teacher` is its teacher's card as the recipe says it, nil for labels alone.
        case student(teacher: String?)
        /// To teach.
        case teacher
    }

    /// The recipe with every value.
    func resolved() throws -> Recipe { try read(stated()) }

    /// The file's text.
    ///
    /// - Throws: `YAMLError` where the images are too few for a training.
    func text() throws -> String {
        let recipe = try resolved()
        let plan = try ViewPlan(recipe: recipe, imageCount: parts.train.images)
        return try stated() + ending(recipe, steps: plan.stepsPerEpoch * recipe.schedule.epochs)
    }

    private func read(_ text: String) throws -> Recipe {
        try Recipe(
            parsing: text, path: path,
            data: .counted(ListedData(images: parts.train.images)))
    }

    /// The side of an input that does not blow images up: ImageNet's 224, or a multiple of a ResNet's
    /// stride of 32 about as large as a common image; without a GPU at most what one can wait for.
    ///
    /// - Parameter shortSides: the images', sorted, pixels.
    static func side(of shortSides: [Int], hasGPU: Bool) -> Int {
        let median = shortSides[shortSides.count / 2]
        let side = median >= 192 ? 224 : max(median / 32 * 32, 32)
        return hasGPU ? side : min(side, largestSideOfCPU)
    }

    private static let largestSideOfCPU = 64
    private var model: String { hasGPU ? "resnet50" : "resnet18" }

    /// Heading, keys and the comments on them.
    private func stated() throws -> String {
        // Group and step as they follow from the images; stated, since caches depend on them.
        let batch = try read("data: {train: a, val: b, classes: \(classes)}").batch
        let epochs = batch.epochs(ofSteps: steps, images: parts.train.images)
        let perEpoch = max(batch.stepsPerEpoch(images: parts.train.images), 1)
        let sides = [shortSides[0], shortSides[shortSides.count / 2], shortSides.last ?? 0]
        var lines = [
            "# A \(role == .teacher ? "teacher" : "student") of \(title), made by understudy init.",
            "#",
            "# What is not here has the published recipe's value, or follows from what is here:",
            "# `understudy recipe check` prints all of it, `understudy recipe keys` what it means.",
            "data:",
            "  train: \(YAMLText.scalar(parts.trainPath))  # \(parts.train.images.grouped) images",
            "  val: \(YAMLText.scalar(parts.valPath))  # \(parts.val.images.grouped) images",
            "  classes: \(classes)",
        ]
        if unreadable > 0 {
            lines += [
                "  # \(unreadable.grouped) images cannot be read; others stand in for them.",
                "  on_error: substitute",
            ]
        }
        lines += [
            "# Short sides are \(sides[0]) to \(sides[2]) px, in the middle \(sides[1]).",
            view,
            "# Groups fit the images: \(perEpoch.grouped) steps an epoch. A cache depends on both.",
            "batch: {size: \(batch.size), group: \(batch.group)}",
        ]
        switch role {
        case .student(let teacher?):
            lines += [
                "# Its responses to every view are cached once: understudy cache build.",
                "teacher: {card: \(YAMLText.scalar(teacher))}",
            ]
        case .student(nil):
            lines.append("# No teacher yet, so labels alone: add teacher: {card: FILE}.")
        case .teacher:
            lines.append("# Labels alone: it is the teacher.")
        }
        if !hasGPU {
            lines += [
                "# Made without a GPU; with one, take resnet50, bf16"
                    + (size < Self.side(of: shortSides, hasGPU: true) ? ", a larger view" : "")
                    + " and more steps.",
                "precision: fp32",
            ]
        }
        lines += [
            "model: {name: \(model)}",
            "# \((perEpoch * epochs).grouped) steps; a longer run makes a better network.",
            "schedule: {epochs: \(epochs)}",
        ]
        return lines.map { $0 + "\n" }.joined()
    }

    private var size: Int { Self.side(of: shortSides, hasGPU: hasGPU) }

    /// The views: the published recipe's for a student. A teacher should know an image rather than be
    /// robust, and answer mixed views all the same.
    private var view: String {
        role == .teacher
            ? "view: {size: \(size), crop: {scale: [0.25, 1]}, randaugment: none, mix: none}"
            : "view: {size: \(size)}"
    }

    /// What follows from the keys, in comments.
    private func ending(_ recipe: Recipe, steps: Int) -> String {
        var lines = [
            "# From this follow, and go on following when it changes:",
            "#   optimizer.lr \(YAMLText.scalar(recipe.optimizer.lr)), warmup "
                + "\(recipe.schedule.warmup) and cooldown \(recipe.schedule.cooldown) epochs",
        ]
        if let decay = recipe.ema?.decay {
            let window = Int((1 / (1 - decay)).rounded())
            lines.append(
                "#   ema.decay \(YAMLText.scalar(decay)): a mean over \(window.grouped) of "
                    + "\(steps.grouped) steps")
        }
        lines.append(
            "#   average.keep \(recipe.average.keep): the mean of the best of "
                + "\(recipe.schedule.epochs) epochs")
        return lines.map { $0 + "\n" }.joined()
    }
}
