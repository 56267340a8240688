import Base
import Foundation
import Loading
import Recipes
import ResponseCache
import Torch

/// A teacher that a training learned from, as its result records it.
package struct TeacherShare: Codable, Equatable, Sendable {
    /// The teacher's name.
    package let name: String
    /// Its share of the target; those of all teachers sum to 1.
    package let weight: Double
    /// The cache of its responses, as given.
    package let cache: String
    /// How often it agrees with the labels; `nil` where no view has one.
    package internal(set) var agreement: LabelAgreement?
}

/// The responses that a training learns from: each teacher's from a cache of its own, and their
/// mixture.
final class DistillationTargets {
    /// The targets.
    let mixture: ResponseMixture
    /// The teachers, in the recipe's order; of one of whose responses none is there yet it is not known
    /// how often it agrees with the labels.
    private(set) var shares: [TeacherShare]
    private let supplies: [ResponseSupply]
    private let loader: ViewLoader
    private let progress: any ProgressReporter
    /// The teachers of whom it is still to be told how often they agree with the labels.
    private var untold: [Int]

    /// What there is of each teacher's cache, for people, in the recipe's order.
    var summaries: [String] { supplies.map(\.summary) }

    /// What each teacher's cache holds, in the recipe's order.
    var identities: [RunIdentity.Responses] {
        zip(shares, supplies).map { share, supply in
            .init(
                teacher: share.name, manifest: supply.reader.manifest,
                epochs: supply.cachedEpochs)
        }
    }

    /// Opens the caches and checks that they are those of the recipe's teachers.
    ///
    /// - Parameter directories: one for each teacher, in any order.
    /// - Throws: `TrainingError` if teachers and caches do not match, or parts are missing and are
    ///   not to be made or waited for; `CacheError` for another recipe's cache; `Interrupted` by a
    ///   signal while a cache is not there yet.
    init(
        directories: [String], missing: MissingResponses, device: Device, loader: ViewLoader,
        progress: any ProgressReporter
    ) throws {
        let recipe = loader.recipe
        let teachers = try recipe.cardedTeachers()
        for teacher in teachers { try teacher.card.checkClasses(of: loader.dataset) }
        let identities = try teachers.map { teacher in
            CacheIdentity(
                recipe: recipe, plan: loader.plan, dataset: loader.dataset,
                teacher: teacher.section,
                card: teacher.card, weightsDigest: try teacher.card.weightsDigest()
            )
        }
        for (teacher, identity) in zip(teachers, identities) where !identity.knowsWeights {
            progress.line(
                "the weights of teacher \(teacher.card.name) are not on this machine: taking the "
                    + "cache's word for them")
        }
        var awaited: Set<String> = []
        if missing == .wait {
            for directory in directories where !CacheAssignment.isBegun(directory) {
                progress.line(
                    "waiting for \(directory), which another process is to build; Ctrl-C ends")
                awaited.insert(directory)
                try ResponseSupply.wait { CacheAssignment.isBegun(directory) }
            }
        }
        let match = CacheAssignment(
            recipe: recipe.name,
            teachers: zip(teachers, identities).map { .init(name: $0.card.name, identity: $1) })
        let matched = try match.directories(directories, areMade: missing == .compute)
        var supplies: [ResponseSupply] = []
        for (index, directory) in matched.enumerated() {
            supplies.append(
                try ResponseSupply(
                    teachers[index], identity: identities[index], directory: directory,
                    missing: missing, saidThatItWaits: awaited.contains(directory), device: device,
                    loader: loader, progress: progress))
        }
        self.supplies = supplies
        self.loader = loader
        self.progress = progress
        mixture = ResponseMixture(
            sources: zip(supplies, teachers).map {
                .init(reader: $0.reader, weight: $1.section.weight)
            })
        let shares = try teachers.indices.map { index in
            TeacherShare(
                name: teachers[index].card.name, weight: teachers[index].section.weight,
                cache: matched[index],
                agreement: try supplies[index].agreement(
                    with: loader.dataset, plan: loader.plan))
        }
        self.shares = shares
        untold = shares.indices.filter { shares[$0].agreement == nil }
        if shares.count > 1 {
            let terms = shares.map {
                String(format: "%.4g ", $0.weight) + "\($0.name) (\($0.cache))"
            }
            progress.line("the target is \(terms.joined(separator: " + "))")
        }
    }

    /// The sides at which an epoch's views are to be rendered besides the student's, in pixels:
    /// those of the first teacher that computes. Another one with a size of its own has its parts
    /// rendered for itself, so that no more than one teacher's pixels are ever held.
    func sizes(epoch: Int) -> [Int] {
        supplies.map { $0.sizes(epoch: epoch) }.first { !$0.isEmpty } ?? []
    }

    /// Sees to it that the responses to a step's groups are in every cache.
    ///
    /// Called between steps, since nothing but whole steps can be saved and gone on from.
    ///
    /// - Parameters:
    ///   - epoch: the view epoch.
    ///   - views: the epoch's views from the step's first group on.
    ///   - report: told what is computed.
    /// - Throws: `Interrupted` after a signal.
    func provide(
        epoch: Int, groups: Range<Int>, views: UpcomingViews, report: (String) -> Void
    ) throws {
        for (index, supply) in supplies.enumerated() {
            let isMore = try supply.provide(
                epoch: epoch, groups: groups, views: views, report: report)
            guard isMore, untold.contains(index), supply.views >= LabelAgreement.sample else {
                continue
            }
            try tellAgreement(index)
        }
    }
}

// MARK: - Agreement with the labels

extension DistillationTargets {
    /// Tells how often teachers agree with the labels of whom nothing could be told at the beginning:
    /// those that were not asked before, and of whom there are too few views to tell it amid an epoch.
    func tellAgreements() throws {
        for index in untold { try tellAgreement(index) }
    }

    private func tellAgreement(_ index: Int) throws {
        untold.removeAll { $0 == index }
        shares[index].agreement = try agreement(index)
        if let line = shares[index].agreementText(isAlone: shares.count == 1) {
            progress.line(line)
        }
        if let warning = shares[index].agreement?.warning { progress.line("warning: \(warning)") }
    }

    /// Counts anew how often teachers agree with the labels whose responses have come meanwhile. A cache
    /// that cannot be read any more costs a training nothing: the figure stays as it was.
    func recountAgreements() {
        for index in shares.indices where supplies[index].hasGrown {
            shares[index].agreement = (try? agreement(index)) ?? shares[index].agreement
        }
    }

    private func agreement(_ index: Int) throws -> LabelAgreement? {
        try supplies[index].agreement(with: loader.dataset, plan: loader.plan)
    }
}

extension TeacherShare {
    /// How often it agrees with the labels, for people: `labels: the teacher's first class is …`.
    ///
    /// - Parameter isAlone: whether it is the only teacher, and needs no name.
    package func agreementText(isAlone: Bool) -> String? {
        agreement.map { "labels\(isAlone ? "" : " of \(name)"): \($0.text)" }
    }
}

/// The distribution that a student is to match: the mean of its teachers' responses.
///
/// The mean is weighted and taken of probabilities. A cache that stores some classes only still
/// decodes to whole distributions, with the remainder spread over the others, and those are what is
/// averaged: the mean of stored entries alone would give a class that one cache stores and another
/// leaves out too little.
struct ResponseMixture {
    /// A teacher's share.
    struct Source {
        /// The teacher's cache; all have the same classes.
        let reader: CacheReader
        /// Above 0; those of all sources sum to 1.
        let weight: Double
    }

    let sources: [Source]

    /// The responses to consecutive slots of a view epoch.
    ///
    /// - Returns: `[slots.count, classes]`, rows that sum to 1. A single source's are its own, bit
    ///   for bit.
    func rows(epoch: Int, slots: Range<Int>) throws(CacheError) -> [Float] {
        guard let first = sources.first else { return [] }
        guard sources.count > 1 else { return try first.reader.rows(epoch: epoch, slots: slots) }
        var mean = [Double](repeating: 0, count: slots.count * first.reader.manifest.classes)
        for source in sources {
            let rows = try source.reader.rows(epoch: epoch, slots: slots)
            for index in rows.indices { mean[index] += source.weight * Double(rows[index]) }
        }
        return mean.map(Float.init)
    }

    /// Checks that a group's pixels are those that every teacher saw.
    ///
    /// - Parameters:
    ///   - checksum: CRC-32C of the group's uint8 pixels.
    ///   - epoch: the view epoch.
    /// - Throws: `TrainingError` naming group and cache if they are not.
    func check(pixels checksum: UInt32, epoch: Int, group: Int) throws {
        for reader in sources.map(\.reader) {
            guard try reader.pixelChecksum(epoch: epoch, group: group) == checksum else {
                throw TrainingError(
                    "group \(group) of epoch \(epoch): the pixels differ from those the teacher "
                        + "saw; an image changed or a decoder drifted: restore it, or remove "
                        + "\(reader.directory) and build it again")
            }
        }
    }
}
