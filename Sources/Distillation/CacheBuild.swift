import Foundation
import Loading
import Recipes
import ResponseCache
import Torch
import Views

/// Runs a teacher over every view of a recipe and publishes its responses.
public struct CacheBuild {
    /// What the cache holds.
    public let manifest: CacheManifest
    let loader: ViewLoader
    let reader: CacheReader
    private let pass: TeacherPass
    private let builder: CacheBuilder

    /// Opens or creates the cache of a recipe's responses.
    ///
    /// - Parameter teacher: one of the recipe's.
    /// - Throws: `TrainingError` if the recipe names no cache or the teacher's classes differ;
    ///   `CacheError` if the folder holds the responses of something else.
    public init(
        recipe: Recipe, teacher: Recipe.Teacher, directory: String, device: Device,
        loading: LoadingOptions
    ) throws {
        try self.init(
            teacher: teacher, directory: directory, device: device,
            loader: ViewLoader(recipe: recipe, options: loading))
    }

    /// Opens or creates the cache of a teacher's responses to a loader's views.
    init(
        teacher section: Recipe.Teacher, directory: String, device: Device, loader: ViewLoader
    ) throws {
        let recipe = loader.plan.recipe
        let cache = try recipe.requiredCache()
        let card = try TeacherCard(contentsOf: section.card)
        guard card.classes == recipe.data.classes else {
            throw TrainingError(
                "teacher \(card.name) has \(card.classes) classes, recipe \(recipe.name) has "
                    + "\(recipe.data.classes); choose a teacher of the same classes")
        }
        self.loader = loader
        let teacher = try NetworkTeacher(card, device: device, precision: section.precision)
        pass = try TeacherPass(teacher, plan: loader.plan, device: device)
        let identity = CacheIdentity(
            plan: loader.plan, dataset: loader.dataset, teacher: section, card: card,
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
        reader = try CacheReader(directory: directory)
    }

    /// The sides at which views are to be rendered for `build`, in pixels.
    var sizes: [Int] { pass.sizes }

    /// Computes and publishes one part.
    ///
    /// - Parameters:
    ///   - nextViews: yields the views of the part's groups, in order.
    ///   - report: called after each group.
    /// - Throws: `Interrupted` after a signal, with nothing written.
    func build(
        _ part: PartID, views nextViews: () throws -> ViewGroup?,
        report: (ViewGroup) -> Void
    ) throws {
        var probabilities: [Float] = []
        var checksums: [UInt32] = []
        for _ in manifest.groups(of: part) {
            if Interruption.requested {
                throw Interrupted(
                    description: "stopped; the parts published so far are kept, and the same "
                        + "command goes on from there")
            }
            guard let views = try nextViews() else {
                preconditionFailure("\(part): its views end early")
            }
            checksums.append(pass.pixelChecksum(of: views))
            probabilities += try pass.probabilities(for: views)
            report(views)
        }
        try probabilities.withUnsafeBufferPointer {
            try builder.publish(part, probabilities: $0, pixelChecksums: checksums)
        }
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
