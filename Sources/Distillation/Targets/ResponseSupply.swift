import Base
import Foundation
import Loading
import Recipes
import ResponseCache
import Torch
import Views

/// One teacher's responses in a training, and where missing ones come from.
final class ResponseSupply {
    /// The cache.
    let reader: CacheReader
    private let teacher: Recipe.CardedTeacher
    private let missing: MissingResponses
    /// The teacher at work, while parts are missing and are to be computed.
    private var build: CacheBuild?
    /// The recipe's `cache.epochs`.
    let cachedEpochs: Int
    /// The view epochs that the training sees.
    private let needed: Range<Int>
    private let progress: any ProgressReporter
    private var saidThatItWaits: Bool
    /// Whether responses were computed or waited for since the beginning.
    private(set) var hasGrown = false

    /// Opens a teacher's cache and checks that it is the recipe's.
    ///
    /// - Parameter saidThatItWaits: whether the user knows that this cache is waited for.
    /// - Throws: `TrainingError` if parts are missing and are not to be made or waited for;
    ///   `CacheError` for another recipe's cache.
    init(
        _ teacher: Recipe.CardedTeacher, identity: CacheIdentity, directory: String,
        missing: MissingResponses, saidThatItWaits: Bool, device: Device, loader: ViewLoader,
        progress: any ProgressReporter
    ) throws {
        self.teacher = teacher
        self.missing = missing
        self.saidThatItWaits = saidThatItWaits
        self.progress = progress
        let recipe = loader.recipe
        let build = { () throws -> CacheBuild in
            try CacheBuild(
                teacher: teacher.section, directory: directory, device: device, loader: loader)
        }
        if missing == .compute, !CacheAssignment.isBegun(directory) { self.build = try build() }
        let manifest = try CacheReader(directory: directory).manifest
        reader = try CacheReader(
            directory: directory, expecting: identity.expectation(for: manifest))
        guard manifest.classes == recipe.data.classes else {
            throw TrainingError(
                "\(directory): holds responses of \(manifest.classes) classes, recipe "
                    + "\(recipe.name) has \(recipe.data.classes); build it again")
        }
        let cached = recipe.cache?.epochs ?? recipe.schedule.epochs
        cachedEpochs = cached
        needed = 0..<min(cached, recipe.schedule.epochs)
        let parts = reader.missingParts(epochs: needed)
        guard !parts.isEmpty else {
            self.build = nil
            return
        }
        let isOneOfSeveral = recipe.teachers.count > 1
        switch missing {
        case .wait:
            guard manifest.epochs < needed.upperBound else { break }
            progress.line(
                "\(directory): holds \(manifest.epochs) epochs, and recipe \(recipe.name) sees "
                    + "\(needed.upperBound): the training waits where a build has to let it grow")
        case .compute:
            self.build = try self.build ?? build()
            progress.line(
                "computing what is missing: \(parts.count) parts of \(Self.epochs(of: parts))"
                    + (isOneOfSeveral ? " of teacher \(teacher.card.name)" : ""))
        case .refuse:
            let named = isOneOfSeveral ? teacher.card.name : nil
            guard manifest.epochs >= needed.upperBound else {
                throw TrainingError(
                    "\(directory): holds \(manifest.epochs) epochs, and recipe \(recipe.name) sees "
                        + "\(needed.upperBound)", .epochsMissing(teacher: named))
            }
            throw TrainingError(
                "\(directory): \(parts.count) of \(cached * manifest.partsPerEpoch) parts are missing, "
                    + "of \(Self.epochs(of: parts))", .partsMissing(teacher: named))
        }
    }

    /// The cache and how much of what the training sees is there, for people.
    var summary: String {
        let parts = needed.count * reader.manifest.partsPerEpoch
        let missing = reader.missingParts(epochs: needed).count
        let there =
            missing == 0
            ? "all \(needed.count.grouped) epochs"
            : "\((parts - missing).grouped) of \(parts.grouped) parts of \(needed.count.grouped) epochs"
        return "\(there) there, \(reader.manifest.encoding): \(reader.directory)"
    }

    /// How many views that the training sees have a response by now.
    var views: Int {
        let missing = reader.missingParts(epochs: needed)
        return needed.count * reader.manifest.groupsPerEpoch * reader.manifest.groupSize
            - missing.reduce(0) { $0 + reader.manifest.slots(of: $1).count }
    }

    /// How often the teacher agrees with the labels of the views that the training sees; `nil` while
    /// no response to them is there.
    func agreement(with dataset: ImageDataset, plan: ViewPlan) throws -> LabelAgreement? {
        let manifest = reader.manifest
        return try LabelAgreement(
            in: reader, plan: plan, dataset: dataset,
            parts: needed.clamped(to: 0..<manifest.epochs).flatMap {
                manifest.parts(epoch: $0, groups: 0..<manifest.groupsPerEpoch)
            })
    }

    /// The sides at which an epoch's views are to be rendered besides the student's, in pixels.
    func sizes(epoch: Int) -> [Int] {
        // The teacher's memory is given back as soon as it has done its work.
        if build != nil, reader.missingParts(epochs: needed).isEmpty { build = nil }
        guard let build, !reader.missingParts(epochs: epoch..<epoch + 1).isEmpty else { return [] }
        return build.sizes
    }

    /// Sees to it that the responses to a step's groups are in the cache; parameters and errors are
    /// those of `DistillationTargets.provide`.
    ///
    /// - Returns: whether any had to be computed or waited for.
    func provide(
        epoch: Int, groups: Range<Int>, views: UpcomingViews, report: (String) -> Void
    ) throws -> Bool {
        guard build != nil || missing == .wait else { return false }
        var isMore = false
        for part in reader.manifest.parts(epoch: epoch, groups: groups)
        where !reader.isPublished(part) {
            if let build {
                try compute(part, with: build, views, report)
            } else {
                if !saidThatItWaits {
                    progress.line(
                        "waiting for \(part) of \(reader.directory), which another process is to "
                            + "build; Ctrl-C saves and ends")
                }
                saidThatItWaits = true
                try Self.wait { reader.isPublished(part) }
            }
            isMore = true
        }
        if isMore { hasGrown = true }
        return isMore
    }

    /// Publishes a part, and keeps those of its views that the student is still to see.
    private func compute(
        _ part: PartID, with build: CacheBuild, _ views: UpcomingViews,
        _ report: (String) -> Void
    ) throws {
        try build.calibrate { report("teacher: prior, group \($0 + 1)/\($1)") }
        let groups = reader.manifest.groups(of: part)
        let note = { [name = teacher.card.name] (views: ViewGroup) in
            report(
                "teacher \(name): \(part), group "
                    + "\(views.group - groups.lowerBound + 1)/\(groups.count)")
        }
        if views.offers(groups, sizes: build.sizes) {
            var coming = groups.makeIterator()
            try build.build(
                part, views: { try coming.next().flatMap { try views.peek(group: $0) } },
                report: note)
        } else {
            // A resumed training may come into the middle of a part that is not there any more, and
            // a second teacher to views that were let go or that have another size.
            let whole = build.loader.prefetch(
                groups.map { (epoch: part.epoch, group: $0) }, sizes: build.sizes)
            try build.build(part, views: whole.next, report: note)
        }
    }

    /// Polls until something is there, less and less often.
    ///
    /// - Throws: `Interrupted` after a signal.
    static func wait(until isThere: () -> Bool) throws {
        var interval = 0.1
        while !isThere() {
            let end = ContinuousClock.now + .seconds(interval)
            while ContinuousClock.now < end {
                if Interruption.requested {
                    throw Interrupted(description: "stopped while waiting for the cache")
                }
                Thread.sleep(forTimeInterval: 0.05)
            }
            interval = min(2 * interval, 5)
        }
    }

    /// The epochs of some parts as ranges: `epochs 0, 3..<7`.
    static func epochs(of parts: [PartID]) -> String {
        var ranges: [Range<Int>] = []
        for epoch in Set(parts.map(\.epoch)).sorted() {
            if let last = ranges.last, last.upperBound == epoch {
                ranges[ranges.count - 1] = last.lowerBound..<epoch + 1
            } else {
                ranges.append(epoch..<epoch + 1)
            }
        }
        let text = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0)" }
        let isOne = ranges.count == 1 && ranges[0].count == 1
        return (isOne ? "epoch " : "epochs ") + text.joined(separator: ", ")
    }
}
