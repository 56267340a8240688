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
public struct CacheImport {
    /// What an import did.
    public struct Summary: Encodable, Sendable, Equatable {
        /// Parts written now.
        public let built: Int
        /// Parts that were there already.
        public let skipped: Int
        /// Responses written now.
        public let rows: Int
        /// Fixed views of each image in the file.
        public let views: Int
        /// Whether responses of two images were blended where the recipe mixes.
        public let blended: Bool
        /// Images among the slots that stood in for ones that could not be decoded.
        public let substituted: Int
        /// Time spent, in seconds.
        public let seconds: Double
    }

    /// Whether responses are blended: whether the recipe mixes.
    public let isBlended: Bool

    private let loader: ViewLoader
    private let responses: ForeignResponses
    private let keys: [String]?
    /// The row of each image.
    private let rows: [Int]
    private let manifest: CacheManifest
    private let directory: String

    /// Opens the file of responses and finds the row of every image. Nothing is written.
    ///
    /// - Parameters:
    ///   - section: one of the recipe's teachers.
    ///   - file: where the responses are on this machine; by default where the card says.
    /// - Throws: `TrainingError` if the recipe names no cache, the teacher is not precomputed, the
    ///   file is not the one its card names, the classes differ, or an image has no row;
    ///   `CacheError` for a file that cannot be read.
    public init(
        recipe: Recipe, teacher section: Recipe.Teacher, directory: String, file: String? = nil,
        loading: LoadingOptions
    ) throws {
        let cache = try recipe.requiredCache()
        let card = try TeacherCard(contentsOf: section.card)
        guard case .precomputed(let source) = card.architecture else {
            throw TrainingError(
                "teacher \(card.name) is a network (\(card.kind)), not a file of responses; "
                    + "`understudy cache build` runs it")
        }
        guard card.classes == recipe.data.classes else {
            throw TrainingError(
                "teacher \(card.name) has \(card.classes) classes, recipe \(recipe.name) has "
                    + "\(recipe.data.classes); choose a teacher of the same classes")
        }
        let path = file ?? card.weightsFile
        responses = try ForeignResponses(
            path: path, dataset: source.dataset,
            values: source.values == .logits ? .logits : .probabilities,
            temperature: source.temperature)
        guard responses.classes == card.classes else {
            throw TrainingError(
                "\(path): dataset '\(source.dataset)' has \(responses.classes) classes, card "
                    + "\(card.name) says \(card.classes)")
        }
        let digest = try Fingerprint.sha256(ofFile: path)
        if let expected = card.weightsSHA256, expected != digest {
            throw TrainingError(
                "\(path): SHA-256 is \(digest), card \(card.name) says \(expected); fetch the "
                    + "right file or mend the card")
        }
        loader = try ViewLoader(recipe: recipe, options: loading)
        let responses = responses
        keys = try source.keys.map { try responses.keys($0) }
        let match = ResponseMatch(
            file: path, dataset: source.keys ?? source.dataset,
            images: loader.dataset.samples.map(\.path))
        rows = try keys.map { try match.rows(keys: $0) } ?? match.rows(count: responses.images)
        let identity = CacheIdentity(
            plan: loader.plan, dataset: loader.dataset, teacher: section, card: card,
            weightsDigest: digest)
        let there = try? CacheReader(directory: directory).manifest
        manifest = try CacheManifest(
            fingerprint: there.map(identity.expectation(for:)) ?? identity.fingerprint,
            encoding: cache.rowEncoding, classes: card.classes, epochs: cache.epochs,
            groupsPerEpoch: loader.plan.groupsPerEpoch, groupSize: loader.plan.groupSize,
            groupsPerPart: cache.groupsPerPart, teacher: card.name,
            createdBy: "understudy \(version)")
        isBlended = Self.mixes(recipe.view.mix)
        self.directory = directory
    }

    /// Checks every row of the file, then writes every part that is missing.
    ///
    /// The views are rendered, though no network sees them: each group's pixels are checksummed, as
    /// a student will check them, and an image that cannot be decoded is found, so that its slot
    /// gets the response of the image that stands in for it.
    ///
    /// - Throws: `CacheError` naming the row, and its key, that can be no response, before anything
    ///   is written; `Interrupted` after a signal, with the parts so far kept.
    public func run(progress: any ProgressReporter) throws -> Summary {
        let start = ContinuousClock.now
        defer { progress.end() }
        progress.begin("check", total: responses.views * responses.images, unit: "rows")
        try responses.validate(keys: keys) { done, _ in
            progress.advance(to: done, note: "")
            if Interruption.requested { throw Interrupted(description: "nothing was written") }
        }
        progress.end()
        let builder = try CacheBuilder(directory: directory, manifest: manifest)
        let missing = builder.missingParts(epochs: 0..<manifest.epochs)
        let groups = missing.flatMap { part in
            manifest.groups(of: part).map { (epoch: part.epoch, group: $0) }
        }
        let size = loader.plan.recipe.view.size
        let views = loader.prefetch(groups, sizes: [size])
        var (done, substituted) = (0, 0)
        progress.begin("import", total: groups.count * manifest.groupSize, unit: "responses")
        for part in missing {
            var probabilities: [Float] = []
            var checksums: [UInt32] = []
            for _ in manifest.groups(of: part) {
                if Interruption.requested {
                    throw Interrupted(
                        description: "stopped; the parts published so far are kept, and the same "
                            + "command goes on from there")
                }
                guard let group = try views.next() else { break }
                checksums.append(group.checksum(size: size))
                probabilities += try blended(group)
                done += manifest.groupSize
                substituted += group.substitutions.count
                progress.advance(to: done, note: "epoch \(group.epoch + 1)/\(manifest.epochs)")
            }
            try probabilities.withUnsafeBufferPointer {
                try builder.publish(part, probabilities: $0, pixelChecksums: checksums)
            }
        }
        return Summary(
            built: missing.count, skipped: manifest.epochs * manifest.partsPerEpoch - missing.count,
            rows: done, views: responses.views, blended: isBlended, substituted: substituted,
            seconds: start.duration(to: .now).seconds)
    }

    /// The responses of a group: each member's, blended with its partner's by the group's λ.
    private func blended(_ group: ViewGroup) throws(CacheError) -> [Float] {
        let plan = loader.plan
        var images = plan.imageIndices(epoch: group.epoch, slots: plan.slots(ofGroup: group.group))
        for (member, image) in group.substitutions { images[member] = image }
        let own = try responses.probabilities(
            view: group.epoch % responses.views, rows: images.map { rows[$0] })
        let mix = plan.mix(epoch: group.epoch, group: group.group)
            .resolved(size: plan.recipe.view.size)
        return Self.blended(own, lambda: mix.lambda, classes: responses.classes)
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

    /// What the fingerprint says of imported responses: `imported`, or `imported, blended`.
    static func description(_ mix: Recipe.Mix?) -> String {
        mixes(mix) ? "imported, blended" : "imported"
    }

    private static func mixes(_ mix: Recipe.Mix?) -> Bool {
        guard let mix else { return false }
        return mix.probability > 0 && (mix.mixup > 0 || mix.cutmix > 0)
    }
}
