import Base
import Foundation
import Loading
import Recipes
import ResponseCache
import Views

/// Brings responses that somebody else computed into a recipe's cache.
///
/// The file holds one row for each image, or one for each of V fixed views, so a response does not
/// know the recipe's crops: epoch e takes view e mod V. Where the recipe mixes, a slot's response is
/// λ of its image's and 1 - λ of its partner's. That is an approximation, for a network shown the
/// mixed image would not answer so; the cache's fingerprint says `blended`.
package struct CacheImport {
    /// What an import did.
    package struct Summary: Encodable, Sendable, Equatable {
        /// Parts written now.
        package let built: Int
        /// Parts that were there already.
        package let skipped: Int
        /// Responses written now.
        package let rows: Int
        /// Fixed views of each image in the file.
        package let views: Int
        /// Whether responses of two images were blended where the recipe mixes.
        package let blended: Bool
        /// Images among the slots that stood in for ones that could not be decoded.
        package let substituted: Int
        /// Time spent, in seconds.
        package let seconds: Double
        /// How often the responses agree with the labels; `nil` where no view has one.
        package let agreement: LabelAgreement?
    }

    /// Version of what makes responses of a file's numbers, and blends them. It rises with any change
    /// that can alter a response by more than rounding.
    static let version = 1

    /// Whether responses are blended: whether the recipe mixes.
    package let isBlended: Bool

    /// What the user may want to know of how the file was read, a line each.
    package let notes: [String]

    private let loader: ViewLoader
    private let teacher: Recipe.CardedTeacher
    /// Where the card is to be written; nil where it is there.
    private let newCard: String?
    private let weightsDigest: String
    private let keys: [String]?
    private let source: ImportedResponses
    private let directory: String

    /// Opens the file of responses and finds the row of every image. Nothing is written.
    ///
    /// - Parameters:
    ///   - section: one of the recipe's teachers.
    ///   - newCard: the teacher's card where there is none yet. It is written where the recipe says
    ///     once every row is checked.
    ///   - file: where the responses are on this machine; by default where the card says.
    /// - Throws: `TrainingError` if the recipe names no cache, the teacher is not precomputed, the
    ///   file is not the one its card names, the classes differ, or an image has no row;
    ///   `CacheError` for a file that cannot be read.
    package init(
        recipe: Recipe, teacher section: Recipe.Teacher, newCard: TeacherCard? = nil,
        directory: String, file: String? = nil, loading: LoadingOptions
    ) throws {
        teacher = try recipe.carded(section, card: newCard)
        self.newCard = newCard == nil ? nil : section.card
        let card = teacher.card
        guard case .responses(let described) = card.subject else {
            throw TrainingError(
                "teacher \(card.name) is a network (\(card.kind)), not a file of responses",
                .teacherIsNetwork)
        }
        guard let path = file ?? card.weights?.file else {
            preconditionFailure("a card of responses without a file")
        }
        let responses = try ForeignResponses(
            path: path, dataset: described.dataset,
            values: described.values == .logits ? .logits : .probabilities,
            temperature: described.temperature)
        guard responses.classes == card.outputs else {
            let isTransposed = responses.images == card.outputs
            throw TrainingError(
                "\(path): dataset '\(described.dataset)' has \(responses.classes) classes, card "
                    + "\(card.name) says \(card.outputs)"
                    + (isTransposed ? "; store it as [images, classes], not the other way" : ""))
        }
        weightsDigest = try SHA256Sum.ofFile(path)
        if let expected = card.weights?.sha256, expected != weightsDigest {
            throw TrainingError(
                "\(path): SHA-256 is \(weightsDigest), card \(card.name) says \(expected); fetch "
                    + "the right file or mend the card")
        }
        loader = try ViewLoader(checksumming: recipe, options: loading)
        keys = try described.keys.map { try responses.keys($0) }
        let match = ResponseMatch(
            file: path, dataset: described.keys ?? described.dataset,
            images: loader.dataset.samples.map(\.path))
        let found =
            try keys.map { try match.rows(keys: $0) }
            ?? .init(rows: match.rows(count: responses.images))
        source = ImportedResponses(
            responses: responses, plan: loader.plan, rows: found.rows, classMap: card.classMap)
        notes = Self.notes(found, sources: responses.sources)
        isBlended = Self.mixes(recipe.view.mix)
        self.directory = directory
    }

    private static func notes(_ found: ResponseMatch.Rows, sources: [String]) -> [String] {
        var notes: [String] = []
        if let (key, image) = found.example {
            notes.append(
                "\(found.byEnds) of \(found.rows.count) images are matched by the ends of paths, such "
                    + "as \(image) by the key '\(key)'")
        }
        if let first = sources.first {
            notes.append(
                "the responses lie in \(sources.count) other files, too, which the card's SHA-256 does "
                    + "not vouch for: \(first)" + (sources.count > 1 ? " and more" : ""))
        }
        return notes
    }

    /// Checks every row of the file, then writes the card, if it is new, and every part that is
    /// missing.
    ///
    /// The views are rendered, though no network sees them: each group's pixels are checksummed, as
    /// a student will check them, and an image that cannot be decoded is found, so that its slot
    /// gets the response of the image that stands in for it.
    ///
    /// - Throws: `CacheError` naming the row, and its key, that can be no response, before anything
    ///   is written; `Interrupted` after a signal, with the parts so far kept.
    package func run(progress: any ProgressReporter) throws -> Summary {
        let start = ContinuousClock.now
        let responses = source.responses
        progress.begin("check", total: responses.views * responses.images, unit: "rows")
        let oddities = try {
            defer { progress.end() }
            return try responses.validate(keys: keys) { done, _ in
                progress.advance(to: done, note: "")
                if Interruption.requested { throw Interrupted(description: "nothing was written") }
            }
        }()
        for oddity in oddities { progress.line(oddity) }
        let build = try begin()
        let built = try build.run(progress: progress)
        return Summary(
            built: built.built, skipped: built.skipped, rows: built.rows, views: responses.views,
            blended: isBlended, substituted: built.substituted,
            seconds: start.duration(to: .now).seconds, agreement: built.agreement)
    }

    /// Writes the card and opens or creates the cache: both, or nothing.
    private func begin() throws -> CacheBuild {
        if let newCard { try Self.publish(teacher.card.yaml, at: newCard) }
        do {
            return try CacheBuild(
                directory: directory, loader: loader, teacher: teacher,
                weightsDigest: weightsDigest, source: source)
        } catch {
            if let newCard { unlink(newCard) }
            throw error
        }
    }

    /// Makes a file that is not there yet.
    private static func publish(_ text: String, at path: String) throws {
        let folder = Folders.parent(of: path)
        guard try FileKind.at(folder) == .folder else {
            throw TrainingError("\(path): there is no folder \(folder)")
        }
        var file = try AtomicFile(path)
        try file.append(Array(text.utf8))
        guard try file.publishUnlessPresent() else {
            throw TrainingError("\(path): somebody else made it meanwhile; run again")
        }
    }

    /// What the fingerprint says of imported responses: `imported`, or `imported, blended`.
    static func description(_ mix: MixSettings?) -> String {
        mixes(mix) ? "imported, blended" : "imported"
    }

    private static func mixes(_ mix: MixSettings?) -> Bool {
        guard let mix else { return false }
        return mix.probability > 0 && (mix.mixup > 0 || mix.cutmix > 0)
    }
}

/// Responses from a file, for the views of a plan.
struct ImportedResponses: ResponseSource {
    let responses: ForeignResponses
    let plan: ViewPlan
    /// The row of each image.
    let rows: [Int]
    /// The columns that stand for the data's classes; `nil` where all do.
    let classMap: [Int]?

    /// The file knows the images' names: no pixels are wanted.
    var sizes: [Int] { [] }

    /// Each member's response, blended with its partner's by the group's λ.
    func probabilities(for group: ViewGroup) throws -> [Float] {
        var images = plan.imageIndices(epoch: group.epoch, slots: plan.slots(ofGroup: group.group))
        for (member, image) in group.substitutions { images[member] = image }
        let found = try responses.probabilities(
            view: group.epoch % responses.views, rows: images.map { rows[$0] })
        let own =
            try classMap.map { columns in
                try Self.selected(columns, of: found, classes: responses.classes) { member in
                    "\(responses.path): row \(rows[images[member]])"
                }
            } ?? found
        let mix = plan.mix(epoch: group.epoch, group: group.group)
            .resolved(size: plan.settings.size)
        return Self.blended(
            own, lambda: mix.lambda, classes: classMap?.count ?? responses.classes)
    }

    /// The responses among some classes: each one's probability over the sum of theirs.
    ///
    /// - Parameter place: names a row, for an error.
    static func selected(
        _ columns: [Int], of rows: [Double], classes: Int, place: (Int) -> String
    ) throws(TrainingError) -> [Double] {
        var selected: [Double] = []
        selected.reserveCapacity(rows.count / classes * columns.count)
        for index in 0..<rows.count / classes {
            let row = columns.map { rows[index * classes + $0] }
            let sum = row.reduce(0, +)
            guard sum > 0 else {
                throw TrainingError(
                    "\(place(index)) gives none of the card's class_map any probability; leave the "
                        + "image out of the data")
            }
            selected += row.map { $0 / sum }
        }
        return selected
    }

    /// λ of each row and 1 - λ of its partner's, row G - 1 - i.
    static func blended(_ rows: [Double], lambda: Double, classes: Int) -> [Float] {
        guard lambda != 1 else { return rows.map(Float.init) }
        let last = rows.count / classes - 1
        return rows.indices.map { index in
            let (row, column) = (index / classes, index % classes)
            let partner = rows[(last - row) * classes + column]
            return Float(lambda * rows[index] + (1 - lambda) * partner)
        }
    }
}
