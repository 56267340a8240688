import Base
import Loading
import Recipes
import ResponseCache
import Torch
import Views

/// Some of a teacher's responses in memory: what encodings are compared on.
package struct ResponseSample {
    /// What the recipe's cache would hold.
    package let manifest: CacheManifest
    /// Responses that a prior is learnt from, `[rows, classes]`; empty where the cache has none.
    package let calibration: [Float]
    /// Responses to the groups after those, `[rows, classes]`.
    package let responses: [Float]

    /// Runs a recipe's teacher.
    ///
    /// - Parameters:
    ///   - section: one of the recipe's teachers.
    ///   - views: how many responses to take, besides those for the prior; rounded up to
    ///     whole groups, at most those of the recipe's first cached epoch.
    /// - Throws: `TrainingError` if the recipe names no cache, or its epoch is too short;
    ///   `Interrupted` after a signal.
    package init(
        recipe: Recipe, teacher section: Recipe.Teacher, views: Int, device: Device,
        loading: LoadingOptions, progress: any ProgressReporter
    ) throws {
        let loader = try ViewLoader(recipe: recipe, options: loading)
        let carded = try recipe.carded(section)
        let teacher = try RunningTeacher(
            carded.card, device: device, precision: section.precision)
        let pass = try TeacherPass(teacher, views: loader, device: device)
        manifest = try CacheManifest(
            of: carded, weightsDigest: teacher.weightsDigest, loader: loader, directory: "")
        let (first, last) = try Self.groups(manifest, views: views)
        let size = manifest.groupSize
        let pipeline = loader.prefetch(
            (0..<last).map { (epoch: 0, group: $0) }, sizes: pass.sizes)
        progress.begin("responses", total: last * size, unit: "responses")
        defer { progress.end() }
        var (calibration, responses): ([Float], [Float]) = ([], [])
        while let group = try pipeline.next() {
            if Interruption.requested { throw Interrupted(description: "stopped") }
            let rows = try pass.probabilities(for: group)
            if group.group < first { calibration += rows } else { responses += rows }
            progress.advance(to: (group.group + 1) * size, note: "")
        }
        self.calibration = calibration
        self.responses = responses
    }

    /// Takes responses from the first epoch of a cache, as they were stored.
    ///
    /// - Throws: as the other; `CacheError` for a part that is missing or damaged.
    package init(cache directory: String, views: Int) throws {
        let reader = try CacheReader(directory: directory)
        manifest = reader.manifest
        let (first, last) = try Self.groups(manifest, views: views)
        let size = manifest.groupSize
        calibration = try reader.rows(epoch: 0, slots: 0..<first * size)
        responses = try reader.rows(epoch: 0, slots: first * size..<last * size)
    }

    /// How many groups a prior would be learnt from, and where those to measure end.
    private static func groups(
        _ manifest: CacheManifest, views: Int
    ) throws -> (first: Int, last: Int) {
        let first = manifest.isLargeEnoughForPrior ? manifest.calibrationGroups.count : 0
        let size = manifest.groupSize
        let last = min(first + (views + size - 1) / size, manifest.groupsPerEpoch)
        guard first < last else {
            throw TrainingError(
                "an epoch of \(manifest.teacher)'s cache has \(manifest.slotsPerEpoch) responses, "
                    + "and \(first * size) are for the prior; none are left to measure")
        }
        return (first, last)
    }
}
