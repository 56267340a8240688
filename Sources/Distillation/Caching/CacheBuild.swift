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
        let teacher = try RunningTeacher(
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
        try teacher.card.checkClasses(of: loader.dataset)
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

extension CacheBuild {
    /// What a build did.
    package struct Summary: Codable, Sendable, Equatable {
        /// Parts computed now.
        package internal(set) var built = 0
        /// Parts of the share that were there already, and are sound, or came from another builder
        /// meanwhile.
        package internal(set) var skipped = 0
        /// Parts of other shares that are still missing.
        package var missing = 0
        /// Responses computed now.
        package internal(set) var rows = 0
        /// Images among them that stood in for ones that could not be decoded.
        package internal(set) var substituted = 0
        /// Bytes of the share's parts, those that were there included.
        package internal(set) var bytes = 0
        /// Time spent, in seconds.
        package var seconds = 0.0
        /// How often the teacher agrees with the labels, in the share's parts; `nil` where none is there.
        package internal(set) var agreement: LabelAgreement?

        /// Nothing done.
        package init() {}

        /// Counts what another builder did as well.
        package mutating func add(_ other: Summary) {
            built += other.built
            skipped += other.skipped
            rows += other.rows
            substituted += other.substituted
            bytes += other.bytes
            guard let others = other.agreement else { return }
            if agreement == nil { agreement = others } else { agreement?.add(others) }
        }
    }

    /// Computes and publishes every part of a share that is missing, after a check of the others.
    ///
    /// - Parameters:
    ///   - epochs: the epochs to build, none beyond the recipe's; all of these by default.
    ///   - share: which of their parts.
    /// - Throws: `Interrupted` after a signal; the parts published until then stay. `CacheError` with a
    ///   line for each part that is there and faulty.
    package func run(
        epochs: Range<Int>? = nil, share: Share = .whole, progress: any ProgressReporter
    ) throws -> Summary {
        for notice in loader.dataset.notices { progress.line(notice) }
        if let before = builder.grownFrom {
            progress.line("the cache grows from \(before) to \(manifest.epochs) epochs")
        }
        let range = epochs ?? 0..<self.epochs
        precondition(range.upperBound <= self.epochs, "the recipe has no epochs \(range)")
        let own = range.flatMap {
            manifest.parts(epoch: $0, groups: 0..<manifest.groupsPerEpoch)
        }.filter { share.owns($0, of: manifest) }
        if let source = share.source {
            progress.line(
                "shard \(share) (\(source)): \(own.count) of the "
                    + "\(range.count * manifest.partsPerEpoch) parts")
        }
        let start = ContinuousClock.now
        var summary = Summary()
        var size = PublishedSize(rowsInAll: own.reduce(0) { $0 + manifest.slots(of: $1).count })
        var missing: [PartID] = []
        for part in own {
            if let bytes = reader.bytes(of: part) {
                size.add(bytes: bytes, rows: manifest.slots(of: part).count)
            } else {
                missing.append(part)
            }
        }
        summary.skipped = own.count - missing.count
        try check(own.filter(reader.isPublished), progress: progress)
        if !missing.isEmpty { try calibrate(progress: progress) }
        try build(missing, into: &summary, size: &size, progress: progress)
        summary.bytes = size.bytes
        summary.missing = reader.missingParts(epochs: range).count
        summary.agreement = try LabelAgreement(
            in: reader, plan: loader.plan, dataset: loader.dataset, parts: own)
        if let warning = summary.agreement?.warning { progress.line("warning: \(warning)") }
        summary.seconds = start.duration(to: .now).seconds
        return summary
    }

    /// Checks that the parts which are there are there whole, before any is computed.
    private func check(_ parts: [PartID], progress: any ProgressReporter) throws {
        guard !parts.isEmpty else { return }
        progress.begin("check", total: parts.count, unit: "parts")
        defer { progress.end() }
        try reader.requireSound(parts) { done, _ in
            progress.advance(to: done, note: "")
            guard !Interruption.requested else {
                throw Interrupted(description: "stopped before anything was computed")
            }
        }
    }

    private func calibrate(progress: any ProgressReporter) throws {
        var isBegun = false
        try calibrate { done, total in
            if !isBegun { progress.begin("prior", total: total, unit: "groups") }
            isBegun = true
            progress.advance(to: done, note: "")
        }
        if isBegun { progress.end() }
    }

    private func build(
        _ missing: [PartID], into summary: inout Summary, size: inout PublishedSize,
        progress: any ProgressReporter
    ) throws {
        let rows = missing.reduce(0) { $0 + manifest.slots(of: $1).count }
        progress.begin("cache", total: rows, unit: "responses")
        defer { progress.end() }
        var (left, done) = (missing[...], 0)
        while !left.isEmpty {
            // Rendered anew from where another builder was faster: what it made is not wanted here.
            let groups = left.flatMap { part in
                manifest.groups(of: part).map { (epoch: part.epoch, group: $0) }
            }
            let views = loader.prefetch(groups, sizes: sizes)
            var isAhead = true
            while isAhead, let part = left.popFirst() {
                let rows = manifest.slots(of: part).count
                let note = "epoch \(part.epoch + 1)/\(epochs), \(size)"
                var (rendered, substituted) = (0, 0)
                isAhead = try build(part, views: views.next) { group in
                    rendered += group.labels.count
                    substituted += group.substitutions.count
                    progress.advance(to: done + rendered, note: note)
                }
                done += rows
                if isAhead {
                    summary.built += 1
                    summary.rows += rows
                    summary.substituted += substituted
                } else {
                    summary.skipped += 1
                }
                size.add(bytes: reader.bytes(of: part) ?? 0, rows: rows)
            }
            // The same builder is likely to have made more.
            while !isAhead, let part = left.first, reader.isPublished(part) {
                left.removeFirst()
                done += manifest.slots(of: part).count
                summary.skipped += 1
                size.add(bytes: reader.bytes(of: part) ?? 0, rows: manifest.slots(of: part).count)
            }
        }
    }
}

/// How large the published parts are, and what all will come to.
private struct PublishedSize: CustomStringConvertible {
    let rowsInAll: Int
    private(set) var bytes = 0
    private var rows = 0

    init(rowsInAll: Int) { self.rowsInAll = rowsInAll }

    mutating func add(bytes: Int, rows: Int) {
        self.bytes += bytes
        self.rows += rows
    }

    /// `1.20 MB of about 4.81 MB`.
    var description: String {
        guard rows > 0 else { return "0 B" }
        let total = Double(bytes) / Double(rows) * Double(rowsInAll)
        return "\(bytes.byteText) of about \(Int(total).byteText)"
    }
}
