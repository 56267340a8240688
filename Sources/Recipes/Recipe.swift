import Base
import Learning
import StrictYAML
import Torch
import Views

/// One experiment: everything that a teacher's responses or a student's training depend on.
///
/// A recipe is read strictly from YAML (`init(contentsOf:overrides:)`); each property is a key of the
/// file, in camel case, and most are sections with a type of their own, which declares their keys.
/// Paths are absolute.
package struct Recipe: Section, Equatable {
    package var name = ""
    package var seed: UInt64 = 0
    package var data = Data()
    package var view = ViewSettings.initial
    package var batch = BatchSettings.initial
    /// The networks whose responses are distilled; empty for supervised training.
    package var teachers: [Teacher] = []
    /// The store of each teacher's responses; `nil` without one.
    package var cache: Cache?
    package var model = Model()
    package var loss = Loss.initial
    package var optimizer = Optimizer.Settings.initial
    package var schedule = LearningRateSchedule.Settings.initial
    package var ema: ExponentialMovingAverage.Settings?
    package var average = Average()
    package var validation = Validation()
    package var precision = Precision.fp32
    package var checkpoint = Checkpoint()

    /// The dtype of forward and backward; weights and optimizer state stay float32.
    package enum Precision: String, Sendable, CaseIterable {
        /// 32-bit throughout.
        case fp32
        /// bfloat16 autocast.
        case bf16

        /// The type that convolutions and matrix products run in; `nil` for float32 throughout.
        package var autocast: DType? {
            switch self {
            case .fp32: nil
            case .bf16: .bfloat16
            }
        }
    }

    package static let initial = Self()
    package static let keys: [Key<Self>] = [
        Key("name", \.name, .word, "the experiment's name"),
        Key(
            "seed", \.seed, .unsigned,
            "the key of every random draw of a view, and of the student's initialization"),
        .section("data", \.data, "the images"),
        .section("view", \.view, "the augmented view of an image, which teacher and student share"),
        .section("batch", \.batch, "how slots form groups and steps"),
        Teacher.single, Teacher.several,
        .optionalSection(
            "cache", \.cache, hasDefault: true,
            "the store of a teacher's responses; of several, each has one of its own"),
        .section("model", \.model, "the network that is trained"),
        .section("loss", \.loss, "the weights of the loss's terms"),
        .section("optimizer", \.optimizer, "the update rule"),
        .section(
            "schedule", \.schedule,
            "the course of the learning rate: a staircase up, half a cosine down, a plateau"),
        .optionalSection(
            "ema", \.ema,
            "the exponential moving average of the weights, whose decay ramps up as "
                + "1 - exp(-beta·t)"),
        .section("average", \.average, "the mean of the best snapshots"),
        .section("validation", \.validation, "how the model is measured after each epoch"),
        Key(
            "precision", \.precision, .choice,
            "the dtype of forward and backward; weights and optimizer state stay float32"),
        .section("checkpoint", \.checkpoint, "how often a resumable state is written"),
    ]

    package func check(_ file: SectionReader) throws(YAMLError) {
        guard batch.group % 2 == 0 || view.mix == nil else {
            throw file.error(
                "batch.group",
                "batch.group \(batch.group) is odd: mixing pairs the members of a group from both "
                    + "ends")
        }
        if data.train == nil, let term = loss.terms.first(where: { $0.term is CrossEntropy }),
            term.weight > 0
        {
            throw file.error(
                "loss.ce",
                "loss.ce is \(YAMLText.scalar(term.weight)) but data.train is none, so that no image "
                    + "has a label: set loss.ce to 0, or name labelled images")
        }
        try cache?.check(file, classes: data.classes)
        guard !teachers.isEmpty || cache == nil else {
            throw file.error("cache", "cache needs a teacher: add teacher: {card: FILE}")
        }
        if teachers.isEmpty, let term = loss.teacherTerms.first(where: { $0.weight > 0 }) {
            let key = "loss.\(type(of: term.term).name)"
            throw file.error(
                "loss",
                "\(key) is \(YAMLText.scalar(term.weight)) but there is no teacher: "
                    + "add teacher: {card: FILE}, or set \(key) to 0")
        }
    }

    /// The view epoch that a training epoch replays.
    ///
    /// With fewer cached epochs than training epochs the cache is replayed cyclically, so training
    /// epoch `e` sees view epoch `e mod cache.epochs`. Without a cache every epoch is fresh.
    package func viewEpoch(forTrainingEpoch epoch: Int) -> Int {
        guard let cache else { return epoch }
        return epoch % cache.epochs
    }
}

extension Recipe {
    /// Reads a recipe file.
    ///
    /// Every key is checked: what is unknown, missing, repeated, of the wrong type or out of range
    /// is an error with its position. `extends: FILE` lays the file over another one, mapping by
    /// mapping. Relative paths start at the folder of the file that names them.
    ///
    /// - Parameters:
    ///   - path: The YAML file.
    ///   - overrides: `key.key=value`, the value in YAML, laid over the file in order; relative
    ///     paths in them start at the working directory.
    /// - Throws: `YAMLError`, one line with the place.
    package init(contentsOf path: String, overrides: [String] = []) throws(YAMLError) {
        try self.init(.reading(path, overrides: overrides, noun: "recipe"))
    }

    /// Reads a recipe from text, as if it stood in the file `path` (which need not exist).
    ///
    /// - Throws: `YAMLError`, one line with the place.
    package init(
        parsing text: String, path: String, overrides: [String] = []
    ) throws(YAMLError) {
        try self.init(.composing(text, path: path, overrides: overrides, noun: "recipe"))
    }

    private init(_ root: SourcedNode) throws(YAMLError) {
        try self.init(SectionReader(root, noun: "recipe", known: Self.known + ["extends"]))
    }

    /// The recipe as one file that stands alone: every key present, every path absolute.
    ///
    /// Reading it back gives an equal recipe.
    package var resolvedYAML: String { entries().yaml }

    /// Every value of the recipe that determines a view's pixels or its mixing, in a stable text,
    /// under the name that its key has: the recipe's share of a cache's fingerprint.
    package var viewFields: [(name: String, value: String)] {
        fields(of: ["seed", "view", "batch"])
    }
}

extension ViewPlan {
    /// Plans a recipe's views over a data set.
    ///
    /// - Throws: `YAMLError` if the images do not fill a single step, or are too many.
    package init(recipe: Recipe, imageCount: Int) throws(YAMLError) {
        try self.init(
            seed: recipe.seed, settings: recipe.view, batch: recipe.batch, imageCount: imageCount)
    }
}

extension Recipe {
    /// The documentation of every key, in Markdown: `docs/recipe.md`.
    package static var reference: String {
        """
        # The keys of a recipe

        <!-- Printed by `understudy recipe --keys`, which walks the keys as the program declares them. -->

        A recipe is one YAML file. Every key is checked: what is unknown, missing, repeated, of the
        wrong type or out of range is an error with its line and column. `extends: FILE` lays a file
        over another one, mapping by mapping; `none` switches a section off, or takes back a key.
        Relative paths start at the folder of the file that names them. `--set a.b=c` overrides a key
        from the command line, and `understudy recipe --recipe FILE` prints what all of it comes to.

        \(descriptions.markdown())

        """
    }
}
