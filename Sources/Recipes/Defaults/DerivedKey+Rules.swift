import Base
import Foundation
import Learning
import Models
import Views

extension DerivedKey {
    /// Every key that follows from something, what it follows from before it.
    static let all: [DerivedKey] =
        identity + views + batches + optimizer + lengths + measures + distillation

    private static let identity = [
        DerivedKey("name", from: [], "the file's name without its ending") { recipe, sources in
            recipe.name = word(ofPath: sources.path)
        },
        DerivedKey(
            "data.classes", from: ["data.train"],
            "those of the training images, or of the validation images where `data.train` is none"
        ) { recipe, sources in
            let classes = try sources.classes(recipe)
            guard Limits.classes.contains(classes) else { throw TooFew.classes(classes) }
            recipe.data.classes = classes
        },
        DerivedKey(
            "model.init", from: ["model.name"],
            "`pytorch` for a ResNet, which has all three; others have one alone, `torchvision` a "
                + "MobileNetV3, `timm` a BEiT, a ViT, an EfficientNet-Lite and a ConvNeXt"
        ) { recipe, _ in
            guard let network = PublishedNetwork.named(recipe.model.name) else { return }
            recipe.model.initialization = network.architecture.initialization
        },
    ]

    private static let views = [
        DerivedKey(
            "view.randaugment", from: ["view.three_augment"],
            "`\(RandAugmentPolicy.published)`, or none with `view.three_augment`"
        ) { recipe, _ in
            if recipe.view.threeAugment { recipe.view.randaugment = nil }
        }
    ]

    // MARK: Batches

    private static let published = BatchSettings.initial

    /// So few steps let an epoch's gradients tell something of all images.
    private static let fewestSteps = 16
    /// With as many steps an epoch the next group makes a better gradient, not a longer training.
    private static let manySteps = 200

    private static let batches = [
        DerivedKey(
            "batch.group", from: ["batch.size", "batch.repeats", "data.train"],
            "\(published.group), or 1/\(fewestSteps) of the images where that is less, in whole "
                + "eights, or below 16 even; of a stated `batch.size` the largest even divisor up to "
                + "\(published.group)"
        ) { recipe, sources in
            let (size, repeats) = (recipe.batch.size, recipe.batch.repeats)
            guard !sources.states("batch.size") else {
                let most = min(published.group, size / repeats)
                recipe.batch.group = BatchSettings.group(dividing: size, upTo: most) ?? size
                return
            }
            let share = min(try sources.images(recipe) / fewestSteps, published.group)
            recipe.batch.group = max(share >= 16 ? share / 8 * 8 : share / 2 * 2, 2)
        },
        DerivedKey(
            "batch.size", from: ["batch.group", "batch.repeats", "data.train"],
            "as many groups, up to \(published.groups), as leave an epoch \(manySteps) steps; at least "
                + "one, and `batch.repeats`"
        ) { recipe, sources in
            let group = recipe.batch.group
            let groups = min(try sources.images(recipe) / group / manySteps, published.groups)
            recipe.batch.size = group * max(groups, recipe.batch.repeats, 1)
        },
    ]

    private static let optimizer = [
        DerivedKey(
            "optimizer.lr", from: ["optimizer.name", "batch"],
            UpdateRules.kinds.map { "with `\($0.name)` \($0.defaults.rateText)" }
                .joined(separator: ", ") + ", to three digits"
        ) { recipe, _ in
            recipe.optimizer.lr = type(of: recipe.optimizer.rule).defaults
                .rate(size: recipe.batch.size)
        },
        DerivedKey(
            "optimizer.weight_decay", from: ["optimizer.name"],
            UpdateRules.kinds.map { "\($0.defaults.weightDecay) with `\($0.name)`" }
                .joined(separator: ", ")
        ) { recipe, _ in
            recipe.optimizer.weightDecay = type(of: recipe.optimizer.rule).defaults.weightDecay
        },
        DerivedKey(
            "optimizer.max_grad_norm", from: ["optimizer.name"],
            UpdateRules.kinds.compactMap { kind in
                kind.defaults.maxGradNorm.map { "\($0) with `\(kind.name)`" }
            }.joined(separator: ", ") + ", else none"
        ) { recipe, _ in
            recipe.optimizer.maxGradNorm = type(of: recipe.optimizer.rule).defaults.maxGradNorm
        },
    ]

    // MARK: Lengths

    /// What a student of some thousand images takes to learn most of what it will.
    private static let budget = 6000
    fileprivate static let budgetedEpochs = 30...610

    private static let lengths = [
        DerivedKey(
            "schedule.epochs", from: ["batch", "data.train"],
            "as many as have \(budget) steps, from \(budgetedEpochs.lowerBound) to "
                + "\(budgetedEpochs.upperBound)"
        ) { recipe, sources in
            recipe.schedule.epochs = recipe.batch.epochs(
                ofSteps: budget, images: try sources.images(recipe))
        },
        DerivedKey(
            "schedule.warmup", from: ["schedule.epochs", "schedule.cooldown"],
            "a tenth of the epochs, rounded, at most 5; of more than 610 epochs 5 in 610"
        ) { recipe, sources in
            let epochs = recipe.schedule.epochs
            // What a stated cooldown leaves; a derived one comes after.
            let left =
                sources.states("schedule.cooldown") ? epochs - recipe.schedule.cooldown : epochs
            recipe.schedule.warmup = max(
                min(max(min(rounded(epochs, 1, 10), 5), rounded(epochs, 5, 610)), left), 0)
        },
        DerivedKey(
            "schedule.cooldown", from: ["schedule.epochs", "schedule.warmup"],
            "a twentieth of the epochs, rounded, at most 10; of more than 610 epochs 10 in 610"
        ) { recipe, _ in
            let epochs = recipe.schedule.epochs
            recipe.schedule.cooldown = max(
                min(
                    max(min(rounded(epochs, 1, 20), 10), rounded(epochs, 10, 610)),
                    epochs - recipe.schedule.warmup), 0)
        },
        DerivedKey(
            "ema.decay", from: ["ema", "schedule.epochs", "batch", "data.train"],
            "0.9999, or what averages over a tenth of the run's steps where that is less"
        ) { recipe, sources in
            guard recipe.ema != nil else { return }
            let decay = decay(steps: try steps(recipe, sources))
            recipe.ema?.decay = decay
        },
        DerivedKey(
            "average.keep", from: ["schedule.epochs"],
            "a fifth of the epochs, rounded, from 1 to 10"
        ) { recipe, _ in
            recipe.average.keep = min(max(rounded(recipe.schedule.epochs, 1, 5), 1), 10)
        },
        DerivedKey(
            "checkpoint.every_steps", from: ["schedule.epochs", "batch", "data.train"],
            "500, or a twentieth of the run's steps where that is less"
        ) { recipe, sources in
            recipe.checkpoint.everySteps = min(max(try steps(recipe, sources) / 20, 1), 500)
        },
    ]

    // MARK: Measures and distillation

    private static let measures = [
        DerivedKey("validation.size", from: ["view.size"], "that of `view.size`") { recipe, _ in
            recipe.validation.size = recipe.view.size
        },
        DerivedKey(
            "validation.resize", from: ["validation.size"],
            "`validation.size` / 0.875, rounded: 256 for 224"
        ) { recipe, _ in
            recipe.validation.resize = Recipe.Validation.resize(for: recipe.validation.size)
        },
    ]

    private static let distillation = [
        DerivedKey(
            "cache", from: ["teacher", "teachers"],
            "with a teacher that of its keys, else none"
        ) { recipe, _ in
            recipe.cache = recipe.teachers.isEmpty ? nil : .initial
        },
        DerivedKey("cache.epochs", from: ["schedule.epochs"], "that of `schedule.epochs`") {
            recipe, _ in
            recipe.cache?.epochs = recipe.schedule.epochs
        },
        DerivedKey(
            "cache.top_k", from: ["cache.encoding", "data.classes"],
            "\(Recipe.Cache.standardTopK), or one less than `data.classes` where that is less"
        ) { recipe, _ in
            guard case .topK = recipe.cache?.encoding else { return }
            recipe.cache?.encoding = .topK(
                min(Recipe.Cache.standardTopK, recipe.data.classes - 1))
        },
        DerivedKey(
            "loss.\(KLDivergence.name)",
            from: ["loss.\(CrossEntropy.name)", "teacher", "teachers"],
            "with a teacher 0.8, or what a stated `loss.ce` leaves of 1; else 0"
        ) { recipe, sources in
            guard !recipe.teachers.isEmpty else {
                recipe.loss[KLDivergence.self] = 0
                return
            }
            guard sources.states("loss.\(CrossEntropy.name)") else { return }
            recipe.loss[KLDivergence.self] = rest(of: recipe.loss[CrossEntropy.self])
        },
        DerivedKey(
            "loss.\(CrossEntropy.name)",
            from: ["loss.\(KLDivergence.name)", "teacher", "teachers"],
            "what `loss.kl` leaves of 1"
        ) { recipe, _ in
            recipe.loss[CrossEntropy.self] = rest(of: recipe.loss[KLDivergence.self])
        },
    ]
}

extension BatchSettings {
    /// Epochs of about so many steps, no fewer than a schedule needs and no more than the published
    /// recipe has.
    package func epochs(ofSteps steps: Int, images: Int) -> Int {
        let perEpoch = max(stepsPerEpoch(images: images), 1)
        let (fewest, most) = (
            DerivedKey.budgetedEpochs.lowerBound, DerivedKey.budgetedEpochs.upperBound
        )
        return min(max((steps + perEpoch - 1) / perEpoch, fewest), most)
    }
}

// MARK: - Arithmetic

extension DerivedKey {
    /// Training data of which nothing can be learned.
    private enum TooFew: Error, CustomStringConvertible {
        case classes(Int)

        var description: String {
            switch self {
            case .classes(let count):
                "the training images are of \(count) class\(count == 1 ? "" : "es"), and a "
                    + "recipe has at least \(Limits.classes.lowerBound)"
            }
        }
    }

    /// A name of a file as a name in a recipe: of `runs/my student.yaml` it is `my-student`.
    static func word(ofPath path: String) -> String {
        let file = path.split(separator: "/").last ?? ""
        let stem = file.lastIndex(of: ".").map { file[..<$0] } ?? file
        let word = stem.unicodeScalars.map { scalar in
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isPlain || "._-".unicodeScalars.contains(scalar) ? Character(scalar) : "-"
        }
        let trimmed = String(word.drop { $0 == "." || $0 == "-" })
        // What comes through a pipe has a descriptor's number for a name.
        return trimmed.contains(where: \.isLetter) ? trimmed : "recipe"
    }

    /// The run's steps; where the images do not fill one, as many as if they did.
    private static func steps(_ recipe: Recipe, _ sources: Sources) throws -> Int {
        max(recipe.batch.stepsPerEpoch(images: try sources.images(recipe)), 1)
            * recipe.schedule.epochs
    }

    /// The decay that averages over at most a tenth of so many steps: `1 - 10 / steps`, of which the
    /// second term is rounded up to two digits.
    static func decay(steps: Int) -> Double {
        let gap = 10 / Double(steps)
        guard gap < 1 else { return 0 }
        let scale = pow(10, (-log10(gap)).rounded(.up) + 1)
        // A hair less, for 10 / 5000 may be a little more than 0.002.
        return min((scale - (gap * scale - 1e-6).rounded(.up)) / scale, 0.9999)
    }

    /// `count · share / of`, rounded.
    private static func rounded(_ count: Int, _ share: Int, _ of: Int) -> Int {
        (2 * count * share + of) / (2 * of)
    }

    /// What a weight leaves of 1, at least 0.
    private static func rest(of weight: Double) -> Double {
        max((1e9 * (1 - weight)).rounded() / 1e9, 0)
    }
}
