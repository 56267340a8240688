import Foundation
import Loading
import Recipes
import ResponseCache

/// What a run learns from, as far as going on with it must find the same.
///
/// Paths are no part of it: the same data may lie elsewhere when the run goes on.
struct RunIdentity: Codable, Equatable, Sendable {
    /// Labelled images.
    struct Images: Codable, Equatable, Sendable {
        /// `ImageDataset.digest`: of paths below the root, sizes and labels.
        let digest: String
        /// Of the images' bytes, where it is known.
        let content: String?
        /// How many there are.
        let count: Int

        init(_ dataset: ImageDataset) {
            digest = dataset.digest
            content = dataset.contentDigest
            count = dataset.samples.count
        }

        /// How these and `now` differ; `nil` where they are the same as far as both know.
        func difference(from now: Images) -> String? {
            if count != now.count { return "\(count) images then, \(now.count) now" }
            if digest != now.digest { return "\(count) images, of other names, sizes or labels" }
            guard let content, let other = now.content, content != other else { return nil }
            return "\(count) images of the same names and sizes, of other contents"
        }
    }

    /// A teacher's responses.
    struct Responses: Codable, Equatable, Sendable {
        let teacher: String
        /// The digest of the cache's fingerprint in the words of the program that recorded it.
        let fingerprint: String
        /// How rows are stored, which decides their last digits.
        let encoding: String
        /// The digests that the same fingerprint has in the words of other programs; not recorded.
        let otherDigests: Set<String>

        private enum CodingKeys: CodingKey { case teacher, fingerprint, encoding }

        /// - Parameter epochs: the recipe's `cache.epochs`, which earlier programs counted among what
        ///   determines a row.
        init(teacher: String, manifest: CacheManifest, epochs: Int) {
            self.teacher = teacher
            fingerprint = manifest.fingerprint.current.digest
            encoding = "\(manifest.encoding)"
            otherDigests = manifest.digests.union([
                manifest.fingerprint.earlier(epochs: epochs).digest
            ])
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            teacher = try container.decode(String.self, forKey: .teacher)
            fingerprint = try container.decode(String.self, forKey: .fingerprint)
            encoding = try container.decode(String.self, forKey: .encoding)
            otherDigests = []
        }

        static func == (left: Responses, right: Responses) -> Bool {
            left.teacher == right.teacher && left.fingerprint == right.fingerprint
                && left.encoding == right.encoding
        }

        /// Whether a record is of responses with the same fingerprint.
        func isRecorded(as then: Responses) -> Bool {
            fingerprint == then.fingerprint || otherDigests.contains(then.fingerprint)
        }
    }

    /// The resolved recipe without its paths, as YAML; in runs of earlier versions the SHA-256 of it.
    let recipe: String
    let train: Images
    var val: Images
    /// SHA-256 of the classes' names in the order of their labels.
    let classes: String
    /// The teachers' responses, in the recipe's order.
    var responses: [Responses] = []
    /// SHA-256 of the weights that the run began from; `nil` for weights drawn from the seed.
    var initial: String?

    /// What a training is to learn from; its responses are added when their caches are open.
    init(recipe: Recipe, train: ImageDataset, val: ImageDataset, initial: String?) {
        self.recipe = recipe.contentYAML
        self.train = Images(train)
        self.val = Images(val)
        // Without labels the classes are the validation images'.
        classes = Self.digest(of: train.classes.isEmpty ? val.classes : train.classes)
        self.initial = initial
    }

    /// Refuses to go on with a run that learned from something else.
    ///
    /// - Parameters:
    ///   - now: what is at hand. Its `initial` is `nil` where no weights were named, which is how a
    ///     run goes on that began from some.
    ///   - isMeasured: whether an epoch was validated already. Until then the validation images may
    ///     be exchanged.
    /// - Throws: `TrainingError` naming what differs.
    func check(_ now: RunIdentity, run: String, isMeasured: Bool) throws(TrainingError) {
        func refuse(
            _ what: String, _ kind: TrainingError.Kind = .runUnfit
        ) -> TrainingError {
            TrainingError(
                "\(run): the run was begun with other \(what); restore what it was begun with",
                kind)
        }
        if let difference = train.difference(from: now.train) {
            throw refuse("training images (\(difference))")
        }
        if isMeasured, let difference = val.difference(from: now.val) {
            throw refuse("validation images (\(difference))")
        }
        guard classes == now.classes else { throw refuse("classes (their names or their order)") }
        for (then, now) in zip(responses, now.responses) {
            guard now.isRecorded(as: then) else {
                throw refuse("responses of teacher \(then.teacher) (the cache is another)")
            }
            guard then.encoding == now.encoding else {
                throw refuse(
                    "responses of teacher \(then.teacher) (stored as \(then.encoding) then, as "
                        + "\(now.encoding) now)")
            }
        }
        guard now.initial == nil || now.initial == initial else {
            throw refuse("initial weights", .runOfOtherWeights)
        }
    }

    /// SHA-256 of texts in order.
    private static func digest(of texts: [String]) -> String {
        Fingerprint(
            fields: texts.enumerated().map { .init(name: "\($0)", value: $1) }
        ).digest
    }
}

extension Recipe {
    /// The resolved recipe without the paths in it: what it says, wherever its files lie.
    var contentYAML: String { yaml { "teacher-\($0)" } }

    /// The resolved recipe with other names in the place of paths.
    ///
    /// - Parameter card: that of a teacher's card, by its number; no two teachers may have the same.
    private func yaml(card: (Int) -> String) -> String {
        var recipe = self
        recipe.data.train = data.train.map { _ in "-" }
        recipe.data.unlabeled = data.unlabeled.map { _ in "-" }
        recipe.data.val = "-"
        for index in recipe.teachers.indices { recipe.teachers[index].card = card(index) }
        return recipe.resolvedYAML
    }

    /// Whether a run's record of its recipe, `RunIdentity.recipe`, is of this one.
    ///
    /// The record is read as a recipe, so that a key that has come since counts with its default.
    func isRecorded(as record: String) -> Bool {
        if let then = try? Recipe(parsing: record, path: "recipe.yaml") {
            return then.contentYAML == contentYAML
        }
        // What versions before this one wrote, of a text that was never to be read again.
        return record
            == Fingerprint(fields: [.init(name: "recipe", value: yaml { _ in "-" })]).digest
    }
}
