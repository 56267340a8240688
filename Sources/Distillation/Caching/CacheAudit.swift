import Base
import Foundation
import Loading
import Recipes
import ResponseCache
import StrictYAML
import Torch
import Views

/// Computes a teacher's responses for a few groups of a cache again and compares.
package struct CacheAudit {
    /// What one group showed. Divergences are in nats, over the group's rows.
    package struct Group: Codable, Equatable, Sendable {
        /// The cache's epoch, from 0.
        package let epoch: Int
        /// The group within the epoch, from 0.
        package let group: Int
        /// Whether the group's pixels are the ones that the cached responses belong to.
        package let samePixels: Bool
        /// Mean of KL(fresh ‖ cached).
        package let meanKL: Double
        /// Maximum of KL(fresh ‖ cached).
        package let maxKL: Double
        /// Mean of KL(fresh ‖ fresh again): what the device's own noise amounts to.
        package let rerunMeanKL: Double
        /// Maximum of KL(fresh ‖ fresh again).
        package let rerunMaxKL: Double

        private enum CodingKeys: String, CodingKey {
            case epoch, group
            case samePixels = "same_pixels"
            case meanKL = "mean_kl"
            case maxKL = "max_kl"
            case rerunMeanKL = "rerun_mean_kl"
            case rerunMaxKL = "rerun_max_kl"
        }
    }

    private let reader: CacheReader
    private let loader: ViewLoader
    private let pass: TeacherPass

    /// Opens a cache, a recipe's data and its teacher.
    ///
    /// - Parameter section: one of the recipe's teachers.
    /// - Throws: `YAMLError`, `DatasetError`, `TorchError` or `TrainingError` for what cannot be
    ///   opened; `CacheError`, listing the fields, if the cache is another recipe's.
    package init(
        recipe: Recipe, teacher section: Recipe.Teacher, directory: String, device: Device,
        loading: LoadingOptions
    ) throws {
        let card = try TeacherCard(contentsOf: section.card)
        let manifest = try CacheReader(directory: directory).manifest
        loader = try ViewLoader(checksumming: recipe, options: loading)
        let teacher = try RunningTeacher(card, device: device, precision: section.precision)
        let identity = CacheIdentity(
            recipe: recipe, plan: loader.plan, dataset: loader.dataset, teacher: section,
            card: card,
            weightsDigest: teacher.weightsDigest)
        reader = try CacheReader(
            directory: directory, expecting: identity.expectation(for: manifest))
        pass = try TeacherPass(teacher, views: loader, device: device)
    }

    /// The mean KL(fresh ‖ cached) of a group up to which a cache counts as faithful, in nats.
    ///
    /// The divergence holds what the encoding itself loses and how far devices and libraries differ,
    /// so the threshold is the encoding's loss and room for the rest. A dense cache loses almost
    /// nothing; a top-K cache loses what its K leave out, for which there is no bound, so one of
    /// very few entries may need more than this.
    package static func standardThreshold(for encoding: RowEncoding) -> Double {
        switch encoding {
        case .dense: 0.001
        case .topK: 0.1
        case .bounded(let maxKL): maxKL + 0.001
        }
    }

    /// What the cache stores, and how.
    package var manifest: CacheManifest { reader.manifest }

    /// Compares groups drawn at random, without repetition, among those that are there.
    ///
    /// - Parameters:
    ///   - count: how many; fewer where the cache holds fewer.
    ///   - seed: the same seed draws the same groups of the same cache.
    /// - Returns: in the order of epochs and groups.
    /// - Throws: `TrainingError` if the cache holds no part; `CacheError` for a damaged part, or a
    ///   slot for which the teacher gives no distribution; `Interrupted` after a signal.
    package func run(
        count: Int, seed: UInt64, progress: any ProgressReporter
    ) throws -> [Group] {
        let chosen = draw(count, seed: seed)
        guard !chosen.isEmpty else {
            throw TrainingError("\(reader.directory): holds no part to compare with the teacher")
        }
        progress.begin("compare", total: chosen.count, unit: "groups")
        defer { progress.end() }
        let views = loader.prefetch(chosen, sizes: [loader.plan.settings.size] + pass.sizes)
        var groups: [Group] = []
        while let next = try views.next() {
            if Interruption.requested {
                throw Interrupted(description: "stopped after \(groups.count) groups")
            }
            groups.append(try compare(next))
            progress.advance(to: groups.count, note: "")
        }
        return groups
    }

    private func compare(_ views: ViewGroup) throws -> Group {
        let size = manifest.groupSize
        let slots = views.group * size..<(views.group + 1) * size
        let cached = try reader.rows(epoch: views.epoch, slots: slots)
        let fresh = try pass.probabilities(for: views)
        let again = try pass.probabilities(for: views)
        // A teacher that answers NaN diverges from nothing.
        for rows in [fresh, again] {
            try RowCheck.check(
                rows, classes: manifest.classes, epoch: views.epoch, from: slots.lowerBound)
        }
        let loss = Self.divergences(fresh, cached, classes: manifest.classes)
        let noise = Self.divergences(fresh, again, classes: manifest.classes)
        return Group(
            epoch: views.epoch, group: views.group,
            samePixels: try reader.pixelChecksum(epoch: views.epoch, group: views.group)
                == views.pixelChecksum,
            meanKL: loss.mean, maxKL: loss.maximum,
            rerunMeanKL: noise.mean, rerunMaxKL: noise.maximum)
    }

    private func draw(_ count: Int, seed: UInt64) -> [(epoch: Int, group: Int)] {
        var candidates = reader.coverage().sorted { $0.key < $1.key }.flatMap { epoch, parts in
            parts.flatMap { part in
                manifest.groups(of: PartID(epoch: epoch, index: part))
                    .map { (epoch: epoch, group: $0) }
            }
        }
        var numbers = SplitMix64(state: seed)
        let count = min(count, candidates.count)
        for index in 0..<count {
            candidates.swapAt(index, Int.random(in: index..<candidates.count, using: &numbers))
        }
        return candidates.prefix(count).sorted { ($0.epoch, $0.group) < ($1.epoch, $1.group) }
    }

    /// Mean and maximum over rows of KL(p ‖ q) in nats, in float64; NaN if a row has a value that is
    /// no probability.
    ///
    /// A class that q rounded to zero counts as 2^-25, the largest value that a half rounds to
    /// zero; otherwise one class in a thousand of no weight would make a row's divergence infinite.
    static func divergences(
        _ p: [Float], _ q: [Float], classes: Int
    ) -> (mean: Double, maximum: Double) {
        precondition(p.count == q.count && p.count % classes == 0, "rows of other classes")
        var (sum, maximum) = (0.0, 0.0)
        for start in stride(from: 0, to: p.count, by: classes) {
            var row = 0.0
            for index in start..<start + classes {
                let (p, q) = (Double(p[index]), Double(q[index]))
                guard p >= 0, q >= 0, p.isFinite, q.isFinite else { return (.nan, .nan) }
                if p > 0 { row += p * log(p / max(q, 0x1p-25)) }
            }
            sum += row
            maximum = max(maximum, row)
        }
        return (sum / Double(max(p.count / classes, 1)), maximum)
    }
}
