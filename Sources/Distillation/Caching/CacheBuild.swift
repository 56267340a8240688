import Base
import Foundation
import Loading
import Recipes
import ResponseCache
import Torch
import Views

/// Publishes the responses to every view of a recipe.
package struct CacheBuild {
    /// The epochs of views that the recipe asks for; the cache may hold more.
    let epochs: Int
    let loader: ViewLoader
    let reader: CacheReader
    private let source: any ResponseSource
    let builder: CacheBuilder

    /// What the cache holds.
    package var manifest: CacheManifest { builder.manifest }

    /// Opens or creates the cache of the recipe's teacher's responses.
    ///
    /// - Parameter teacher: one of the recipe's.
    /// - Throws: `TrainingError` if the recipe names no cache or the teacher's classes differ;
    ///   `CacheError` if the folder holds the responses of something else.
    package init(
        recipe: Recipe, teacher: Recipe.Teacher, directory: String, device: Device,
        loading: LoadingOptions
    ) throws {
        try self.init(
            teacher: teacher, directory: directory, device: device,
            loader: ViewLoader(checksumming: recipe, options: loading))
    }

    /// Opens or creates the cache of a teacher's responses to a loader's views.
    init(
        teacher section: Recipe.Teacher, directory: String, device: Device, loader: ViewLoader
    ) throws {
        let carded = try loader.recipe.carded(section)
        let teacher = try NetworkTeacher(
            carded.card, device: device, precision: section.precision)
        try loader.checkMemory(
            sizes: [loader.plan.settings.size, teacher.size], on: device)
        try self.init(
            directory: directory, loader: loader, teacher: carded,
            weightsDigest: teacher.weightsDigest,
            source: TeacherPass(teacher, views: loader, device: device))
    }

    /// Opens or creates the cache of a source's responses to a loader's views.
    init(
        directory: String, loader: ViewLoader, teacher: Recipe.CardedTeacher,
        weightsDigest: String, source: any ResponseSource
    ) throws {
        let wanted = try CacheManifest(
            of: teacher, weightsDigest: weightsDigest, loader: loader, directory: directory)
        epochs = wanted.epochs
        builder = try CacheBuilder(directory: directory, manifest: wanted)
        reader = try CacheReader(directory: directory)
        self.loader = loader
        self.source = source
    }

    /// The sides at which views are to be rendered for `build`, in pixels: the student's, whose
    /// pixels are checksummed, and the source's.
    var sizes: [Int] { [loader.plan.settings.size] + source.sizes }

    /// Learns the cache's prior from a few groups, if it has one and nobody has learnt it yet.
    ///
    /// - Parameter report: told how many of how many groups are done.
    /// - Throws: `Interrupted` after a signal, with nothing written.
    func calibrate(report: (_ done: Int, _ total: Int) -> Void) throws {
        guard let groups = try builder.calibrationGroups() else { return }
        let views = loader.prefetch(groups.map { (epoch: 0, group: $0) }, sizes: sizes)
        try builder.calibrate(groups) { group in
            report(group - groups.lowerBound, groups.count)
            return try source.probabilities(for: Self.next(views.next))
        }
    }

    /// Computes and publishes one part, unless another builder is faster.
    ///
    /// - Parameters:
    ///   - nextViews: yields the views of the part's groups, in order.
    ///   - report: called after each group.
    /// - Returns: whether it was computed here; if not, some of the views may not have been taken.
    /// - Throws: `Interrupted` after a signal, with nothing written.
    @discardableResult
    func build(
        _ part: PartID, views nextViews: () throws -> ViewGroup?,
        report: (ViewGroup) -> Void
    ) throws -> Bool {
        let writer = try builder.begin(part)
        for _ in manifest.groups(of: part) {
            if reader.isPublished(part) { return false }
            let views = try Self.next(nextViews)
            // Rendering takes a while, and what follows a longer one.
            try Self.requireNoInterruption()
            writer.append(
                try source.probabilities(for: views),
                pixelChecksum: views.pixelChecksum)
            report(views)
        }
        try writer.publish()
        return true
    }

    private static func requireNoInterruption() throws {
        guard Interruption.requested else { return }
        throw Interrupted(
            description: "stopped; the parts published so far are kept, and the same command "
                + "goes on from there")
    }

    private static func next(_ views: () throws -> ViewGroup?) throws -> ViewGroup {
        try requireNoInterruption()
        guard let group = try views() else { preconditionFailure("the views end early") }
        return group
    }
}

extension CacheManifest {
    /// The manifest of a teacher's responses to a loader's views.
    init(
        of teacher: Recipe.CardedTeacher, weightsDigest: String, loader: ViewLoader,
        directory: String
    ) throws {
        let plan = loader.plan
        let cache = try loader.recipe.requiredCache()
        let identity = CacheIdentity(
            recipe: loader.recipe, plan: plan, dataset: loader.dataset, teacher: teacher.section,
            card: teacher.card,
            weightsDigest: weightsDigest)
        // A cache that was begun from the folder goes on from its pack, and the other way round.
        let there = try? CacheReader(directory: directory).manifest
        try self.init(
            fingerprint: there.map(identity.expectation(for:)) ?? identity.fingerprint,
            encoding: cache.rowEncoding, classes: teacher.card.classes, epochs: cache.epochs,
            groupsPerEpoch: plan.groupsPerEpoch, groupSize: plan.groupSize,
            groupsPerPart: cache.groupsPerPart, teacher: teacher.card.name,
            createdBy: "understudy \(version)")
    }
}
