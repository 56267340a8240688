import Base
import Foundation
import Loading
import Recipes
import ResponseCache
import Views

/// How often a teacher's first class is one of its view's labels.
///
/// A teacher whose classes stand in another order than the data's answers as surely as ever, to images
/// that it knows, and teaches nonsense: nothing but this figure tells.
package struct LabelAgreement: Codable, Equatable, Sendable {
    /// The views that were looked at.
    package private(set) var views: Int
    /// The share of them of which a label is the first class of the response, 0…1. The labels of a view
    /// are its image's and, where it is mixed, its partner's.
    package private(set) var share: Double
    /// The share that would agree if the same first classes were dealt to the views at random: the mean,
    /// over the views, of how frequent their labels are among the first classes. A mixed view of two
    /// classes so counts both, and a teacher that always says the same class gains nothing by it.
    package private(set) var chance: Double

    /// Counts responses.
    ///
    /// - Parameters:
    ///   - firstClasses: of each view.
    ///   - labels: of each view, none twice; a view without any is left out.
    /// - Returns: `nil` where no view has a label.
    init?(firstClasses: [Int], labels: [[Int]]) {
        precondition(firstClasses.count == labels.count)
        let labelled = zip(firstClasses, labels).filter { !$1.isEmpty }
        guard !labelled.isEmpty else { return nil }
        var counts: [Int: Int] = [:]
        for (first, _) in labelled { counts[first, default: 0] += 1 }
        let total = Double(labelled.count)
        let hits = labelled.filter { $1.contains($0) }.count
        let dealt = labelled.reduce(0) { sum, view in
            sum + view.1.reduce(0) { $0 + (counts[$1] ?? 0) }
        }
        views = labelled.count
        share = Double(hits) / total
        chance = Double(dealt) / total / total
    }

    /// Adds what was counted of other views.
    mutating func add(_ other: LabelAgreement) {
        let all = Double(views + other.views)
        func mean(_ own: Double, _ others: Double) -> Double {
            (own * Double(views) + others * Double(other.views)) / all
        }
        (share, chance) = (mean(share, other.share), mean(chance, other.chance))
        views += other.views
    }

    /// The part of the way from chance to perfection that a teacher goes at least; one whose classes
    /// are in order goes most of it.
    private static let leastSkill = 0.1
    /// Views below which chance may look like anything.
    private static let leastViews = 100

    /// Whether the teacher might as well guess. Never of few views, nor where guessing is always right.
    package var isNearChance: Bool {
        views >= Self.leastViews && chance < 1
            && share - chance < Self.leastSkill * (1 - chance)
    }

    /// The figure for people: `the teacher's first class in 71.3 % of 9,600 views (19.0 % by chance)`.
    package var text: String {
        "the teacher's first class in \(Self.percent(share)) of \(views.grouped) views "
            + "(\(Self.percent(chance)) by chance)"
    }

    /// What is said where it is near chance, in one line.
    package var warning: String? {
        guard isNearChance else { return nil }
        return "the teacher's first class is a label of \(Self.percent(share)) of the views, "
            + "\(Self.percent(chance)) by chance: are its classes in the data's order?"
    }

    private static func percent(_ share: Double) -> String {
        String(format: "%.1f %%", 100 * share)
    }
}

// MARK: - Of a cache

extension LabelAgreement {
    /// How many views are enough: the figure is then good to one percent.
    static let sample = 16_384

    /// Looks at responses that are in a cache, from groups spread evenly over the parts that are there.
    ///
    /// Labels are the plan's: an image that stood in for one that could not be decoded counts with the
    /// other's.
    ///
    /// - Parameters:
    ///   - reader: of a cache of the plan's views.
    ///   - parts: those looked at, as far as they are there.
    /// - Returns: `nil` where none is.
    init?(
        in reader: CacheReader, plan: ViewPlan, dataset: ImageDataset, parts: [PartID]
    ) throws {
        let manifest = reader.manifest
        let parts = parts.filter(reader.isPublished)
        guard !parts.isEmpty else { return nil }
        let groups = max(1, Self.sample / manifest.groupSize)
        var (firstClasses, labels): ([Int], [[Int]]) = ([], [])
        for part in Self.spread(0..<parts.count, groups).map({ parts[$0] }) {
            for group in Self.spread(manifest.groups(of: part), max(1, groups / parts.count)) {
                let slots = plan.slots(ofGroup: group)
                let rows = try reader.rows(epoch: part.epoch, slots: slots)
                firstClasses += Self.firstClasses(rows, classes: manifest.classes)
                labels += Self.labels(epoch: part.epoch, group: group, plan: plan, dataset: dataset)
            }
        }
        self.init(firstClasses: firstClasses, labels: labels)
    }

    /// Looks at a cache by its recipe, whose data set's labels it needs and not its images.
    ///
    /// - Throws: `CacheError`, listing the fields, if the cache is another recipe's; `TrainingError` if
    ///   the recipe has no such teacher; `YAMLError` or `DatasetError` for what cannot be opened.
    package init?(of directory: String, recipe: Recipe) throws {
        let manifest = try CacheReader(directory: directory).manifest
        let loader = try ViewLoader(checksumming: recipe, options: LoadingOptions(workers: 1))
        let carded = try recipe.carded(recipe.teacher(named: manifest.teacher))
        let identity = CacheIdentity(
            recipe: recipe, plan: loader.plan, dataset: loader.dataset, teacher: carded.section,
            card: carded.card, weightsDigest: nil)
        let reader = try CacheReader(
            directory: directory, expecting: identity.expectation(for: manifest))
        try self.init(
            in: reader, plan: loader.plan, dataset: loader.dataset,
            parts: (0..<manifest.epochs).flatMap {
                manifest.parts(epoch: $0, groups: 0..<manifest.groupsPerEpoch)
            })
    }

    /// So many numbers of a range, or all of them, spread evenly.
    private static func spread(_ range: Range<Int>, _ count: Int) -> [Int] {
        let count = min(range.count, count)
        return (0..<count).map { range.lowerBound + $0 * range.count / count }
    }

    /// The most probable class of each row; the first of equals.
    private static func firstClasses(_ rows: [Float], classes: Int) -> [Int] {
        stride(from: 0, to: rows.count, by: classes).map { start in
            let row = rows[start..<start + classes]
            return (row.indices.max { row[$0] < row[$1] } ?? start) - start
        }
    }

    /// The labels of a group's views that have a share in them; none of a view in which an image
    /// without a label has a share, which the teacher may well mean.
    private static func labels(
        epoch: Int, group: Int, plan: ViewPlan, dataset: ImageDataset
    ) -> [[Int]] {
        let own = plan.slots(ofGroup: group).map { slot in
            dataset.samples[plan.imageIndex(epoch: epoch, slot: slot)].label
        }
        let lambda = plan.mix(epoch: epoch, group: group).resolved(size: plan.settings.size).lambda
        return own.indices.map { member in
            let (label, partner) = (own[member], own[own.count - 1 - member])
            var labels: [Int?] = []
            if lambda > 0 { labels.append(label) }
            if lambda < 1, partner != label || lambda == 0 { labels.append(partner) }
            return labels.contains(nil) ? [] : labels.compactMap { $0 }
        }
    }
}
