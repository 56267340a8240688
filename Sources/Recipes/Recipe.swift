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
    package var ema: ExponentialMovingAverage.Settings? = .initial
    package var average = Average()
    package var validation = Validation()
    package var precision = Precision.bf16
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
        Key("name", \.name, .word, hasDefault: true, "the experiment's name"),
        Key(
            "seed", \.seed, .unsigned, hasDefault: true,
            "the key of every random draw of a view and, unless `model.seed` is set, of the student's "
                + "initialization"),
        .section("data", \.data, "the images"),
        .section(
            "view", \.view, hasDefault: true,
            "the augmented view of an image, which teacher and student share"),
        .section("batch", \.batch, hasDefault: true, "how slots form groups and steps"),
        Teacher.single, Teacher.several,
        .optionalSection(
            "cache", \.cache, hasDefault: true,
            "the store of a teacher's responses; of several, each has one of its own"),
        .section("model", \.model, hasDefault: true, "the network that is trained"),
        .section("loss", \.loss, hasDefault: true, "the weights of the loss's terms"),
        .section("optimizer", \.optimizer, hasDefault: true, "the update rule"),
        .section(
            "schedule", \.schedule, hasDefault: true,
            "the course of the learning rate: a staircase up, half a cosine down, a plateau"),
        .optionalSection(
            "ema", \.ema, hasDefault: true,
            "the exponential moving average of the weights, whose decay ramps up as "
                + "1 - exp(-beta·t)"),
        .section("average", \.average, hasDefault: true, "the mean of the best snapshots"),
        .section(
            "validation", \.validation, hasDefault: true,
            "how the model is measured after each epoch"),
        Key(
            "precision", \.precision, .choice, hasDefault: true,
            "the dtype of forward and backward; weights and optimizer state stay float32"),
        .section(
            "checkpoint", \.checkpoint, hasDefault: true,
            "how often a resumable state is written"),
    ]

    package func check(_ file: SectionReader) throws(YAMLError) {
        try file.check("batch", "view.mix") { () throws(YAMLError) in
            guard batch.group % 2 != 0, view.mix != nil else { return }
            let even = batch.evenGroup.map { "choose \($0)" } ?? "make both batch.size and it even"
            throw file.error(
                "batch.group",
                "batch.group \(batch.group) is odd: mixing pairs the members of a group from both "
                    + "ends; \(even), or set view.mix to none")
        }
        try file.check("data.train", "teacher", "teachers", "loss") { () throws(YAMLError) in
            let weight = loss[CrossEntropy.self]
            guard data.train == nil, data.unlabeled != nil, weight > 0 else { return }
            throw file.error(
                "loss.ce",
                "loss.ce is \(YAMLText.scalar(weight)) but data.train is none, so that no image has "
                    + "a label: name labelled images, or set \(withoutLabels)")
        }
        try file.check("data.train", "loss") { () throws(YAMLError) in
            try loss.check(
                file, advice: data.train == nil ? withoutLabels : "loss.\(CrossEntropy.name) to 1")
        }
        try cache?.check(file, classes: data.classes)
        try file.check("teacher", "teachers", "cache") { () throws(YAMLError) in
            guard teachers.isEmpty, cache != nil else { return }
            throw file.error(
                "cache", "cache needs a teacher: set \(Teacher.advice), or cache to none")
        }
        try file.check("teacher", "teachers", "loss") { () throws(YAMLError) in
            guard teachers.isEmpty, let term = loss.teacherTerms.first(where: { $0.weight > 0 })
            else { return }
            let key = "loss.\(type(of: term.term).name)"
            let labels = loss[CrossEntropy.self] > 0 ? "" : " and loss.\(CrossEntropy.name) to 1"
            throw file.error(
                "loss",
                "\(key) is \(YAMLText.scalar(term.weight)) but there is no teacher: "
                    + "set \(Teacher.advice), or \(key) to 0\(labels)")
        }
    }

    /// What is to be set so that labels do not count.
    private var withoutLabels: String {
        let divergence =
            loss.needsTeacher
            ? "loss.\(CrossEntropy.name) to 0"
            : "loss to {\(KLDivergence.name): 1, \(CrossEntropy.name): 0}"
        return teachers.isEmpty ? "\(Teacher.advice) and \(divergence)" : divergence
    }

    /// The key of what is drawn for the network alone.
    package var networkSeed: UInt64 { model.seed ?? seed }

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
    /// Every key is checked: what is unknown, repeated, of the wrong type or out of range is an error
    /// with its position. What is absent has its default, which may follow from other keys or from
    /// the data (`DerivedKey`). `extends: FILE` lays the file over another one, mapping by mapping.
    /// Relative paths start at the folder of the file that names them.
    ///
    /// - Parameters:
    ///   - path: The YAML file.
    ///   - overrides: `key.key=value`, the value in YAML, laid over the file in order; relative
    ///     paths in them start at the working directory.
    ///   - data: Tells the numbers of images and classes, where keys that follow from them are absent.
    /// - Throws: `YAMLError` for one error, one line with the place; `YAMLErrors` for several;
    ///   `Interrupted` while the data are counted.
    package init(
        contentsOf path: String, overrides: [String] = [], data: DataFacts = .unknown
    ) throws {
        try self.init(
            .reading(path, overrides: overrides, noun: "recipe"), path: path, data: data)
    }

    /// Reads a recipe from text, as if it stood in the file `path` (which need not exist).
    ///
    /// - Throws: As `init(contentsOf:)`.
    package init(
        parsing text: String, path: String, overrides: [String] = [],
        data: DataFacts = .unknown
    ) throws {
        try self.init(
            .composing(text, path: path, overrides: overrides, noun: "recipe"), path: path,
            data: data)
    }

    private init(_ root: SourcedNode, path: String, data: DataFacts) throws {
        let findings = Findings()
        let file = try SectionReader(
            root, noun: "recipe", known: Self.known + ["extends"], findings: findings)
        try self.init(unchecked: file)
        try DerivedKey.derive(&self, from: file, path: path, data: data)
        try checkAll(file)
        try findings.throwAny()
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
    /// What the documentation says of the keys, with what derives those that are absent.
    package static var documentation: [KeyDescription] {
        descriptions.derived(by: DerivedKey.summaries)
    }

    /// The documentation of every key, in Markdown: `docs/recipe.md`.
    package static var reference: String {
        """
        # The keys of a recipe

        <!-- Printed by `understudy recipe keys`, which walks the keys as the program declares them. -->

        A recipe is one YAML file. It says where the images are and what differs from the published
        recipe; every other key has a default, which may follow from other keys, from the length of
        the run or from the training images. `understudy recipe check FILE` prints the recipe with
        every value.

        Every key is checked: what is unknown, repeated, of the wrong type or out of range is an error
        with its line and column. `extends: FILE` lays a file over another one, mapping by mapping;
        `none` switches a section off, or takes back a key. Relative paths start at the folder of the
        file that names them. `--set a.b=c` overrides a key from the command line.

        \(documentation.markdown())

        """
    }
}
