import Foundation
import Loading
import Recipes
import ResponseCache
import Torch
import Views

/// Runs a teacher over every view of a recipe and publishes its responses.
public struct CacheBuild {
    /// What a build did.
    public struct Summary: Encodable, Sendable, Equatable {
        /// Parts computed now.
        public let built: Int
        /// Parts that were there already.
        public let skipped: Int
        /// Responses computed now.
        public let rows: Int
        /// Images among them that stood in for ones that could not be decoded.
        public let substituted: Int
        /// Time spent, in seconds.
        public let seconds: Double
    }

    private let recipe: Recipe
    private let loader: ViewLoader
    private let teacher: any Teacher
    private let builder: CacheBuilder
    private let manifest: CacheManifest
    private let device: Device

    /// Opens or creates the cache of a recipe's responses.
    ///
    /// - Throws: `TrainingError` if the recipe names no teacher or cache or the teacher's classes
    ///   differ; `CacheError` if the folder holds the responses of something else.
    public init(
        recipe: Recipe, directory: String, device: Device, loading: LoadingOptions
    ) throws {
        guard let section = recipe.teacher, let cache = recipe.cache else {
            throw TrainingError("recipe \(recipe.name) has no teacher or no cache section")
        }
        let card = try TeacherCard(contentsOf: section.card)
        guard card.classes == recipe.data.classes else {
            throw TrainingError(
                "teacher \(card.name) has \(card.classes) classes, recipe \(recipe.name) has "
                    + "\(recipe.data.classes); choose a teacher of the same classes")
        }
        self.recipe = recipe
        self.device = device
        loader = try ViewLoader(recipe: recipe, options: loading)
        let teacher = try NetworkTeacher(card, device: device, precision: section.precision)
        self.teacher = teacher
        let identity = CacheIdentity(
            plan: loader.plan, dataset: loader.dataset, card: card,
            weightsDigest: teacher.weightsDigest)
        // A cache that was begun from the folder goes on from its pack, and the other way round.
        let there = try? CacheReader(directory: directory).manifest
        manifest = try CacheManifest(
            fingerprint: there.map(identity.expectation(for:)) ?? identity.fingerprint,
            encoding: cache.rowEncoding,
            classes: card.classes, epochs: cache.epochs,
            groupsPerEpoch: loader.plan.groupsPerEpoch, groupSize: loader.plan.groupSize,
            groupsPerPart: cache.groupsPerPart, teacher: card.name,
            createdBy: "understudy \(version)")
        builder = try CacheBuilder(directory: directory, manifest: manifest)
    }

    /// Computes and publishes every part that is missing.
    ///
    /// - Parameter epochs: the cached epochs to build; all of them by default.
    /// - Throws: `Interrupted` after a signal; the parts published until then stay. `TrainingError`
    ///   for epochs beyond the cache's.
    public func run(epochs: Range<Int>? = nil, progress: any ProgressReporter) throws -> Summary {
        let range = epochs ?? 0..<manifest.epochs
        guard range.upperBound <= manifest.epochs else {
            throw TrainingError(
                "epochs \(range) end beyond the \(manifest.epochs) of the cache; lower --epochs or "
                    + "raise cache.epochs")
        }
        let missing = builder.missingParts(epochs: range)
        let skipped = range.count * manifest.partsPerEpoch - missing.count
        let groups = missing.flatMap { part in
            manifest.groups(of: part).map { (epoch: part.epoch, group: $0) }
        }
        let start = ContinuousClock.now
        let mixer = Mixer(recipe: recipe, device: device)
        let normalisation = try Normalisation(
            mean: recipe.view.mean, std: recipe.view.std, device: device)
        let size = recipe.view.size
        let views = loader.prefetch(groups, sizes: [size, teacher.size])
        var (rows, substituted) = (0, 0)
        progress.begin("cache", total: groups.count * manifest.groupSize, unit: "responses")
        for part in missing {
            var probabilities: [Float] = []
            var checksums: [UInt32] = []
            for _ in manifest.groups(of: part) {
                if Interruption.requested {
                    progress.end()
                    throw Interrupted(
                        description: "stopped; the parts published so far are kept, and the same "
                            + "command goes on from there")
                }
                guard let views = try views.next() else { break }
                checksums.append(views.checksum(size: size))
                let batch = try mixer.batch(
                    views.pixels(size: teacher.size), labels: views.labels,
                    draw: loader.plan.mix(epoch: views.epoch, group: views.group))
                probabilities += try teacher.probabilities(
                    for: batch.images, normalisedBy: normalisation
                ).floats()
                rows += views.labels.count
                substituted += views.substitutions.count
                progress.advance(to: rows, note: "epoch \(views.epoch + 1)/\(manifest.epochs)")
            }
            try probabilities.withUnsafeBufferPointer {
                try builder.publish(part, probabilities: $0, pixelChecksums: checksums)
            }
        }
        progress.end()
        return Summary(
            built: missing.count, skipped: skipped, rows: rows, substituted: substituted,
            seconds: start.duration(to: .now).seconds)
    }
}

extension ViewGroup {
    /// CRC-32C of the pixels at one size, the identity of what a network is shown.
    func checksum(size: Int) -> UInt32 {
        pixels(size: size).withBytes { crc32c($0) }
    }
}

extension Recipe.Cache {
    /// How rows are stored.
    public var rowEncoding: RowEncoding {
        switch encoding {
        case .dense: .dense
        case .topK(let k): .topK(k)
        case .bounded(let maxKL): .bounded(maxKL: maxKL)
        }
    }
}

extension Duration {
    /// The duration in seconds.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
