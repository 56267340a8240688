import ArgumentParser
import Base
import Foundation
import Loading
import Recipes
import Views

/// `understudy views stats`.
struct ViewStatisticsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Counts what a recipe does to its data set: operations, crops, mixing.",
        discussion: """
            Reads the headers of images and renders nothing. Without --slots it takes whole groups, \
            evenly spaced over the epoch, of up to 10,000 slots in all.

            Example:
              understudy views stats --recipe recipes/imagenet-resnet50-kd.yaml
            """)

    @OptionGroup var recipe: RecipeOptions

    @Option(name: .long, help: "The epoch, from 0.")
    var epoch = 0

    @Option(
        name: .long, help: "The slots to count, A..<B.",
        transform: SlotRange.init(parsing:))
    var slots: SlotRange?

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    /// About how many slots, and at most how many groups, are counted unless slots are named.
    private static let sample = 10_000

    func validate() throws {
        try Limits.check(epoch: epoch)
    }

    func run() throws {
        let recipe = try recipe.read()
        let dataset = try ImageDataset(recipe.data)
        let plan = try ViewPlan(recipe: recipe, imageCount: dataset.samples.count)
        try slots?.check(against: plan)
        var statistics = ViewStatistics(of: plan)
        var unreadable = 0
        let slotsCounted = slots.map { [$0.range] } ?? sampledSlots(plan)
        for slot in slotsCounted.joined() {
            let view = plan.view(epoch: epoch, slot: slot)
            do throws(DatasetError) {
                let bounds = try dataset.bounds(of: view.imageIndex)
                statistics.add(view, width: bounds.width, height: bounds.height)
            } catch {
                guard recipe.data.onError == .substitute, error.isUndecodable else { throw error }
                unreadable += 1
            }
        }
        for group in groups(plan) { statistics.add(epoch: epoch, group: group) }
        let report = ViewStatisticsReport(
            recipe: recipe.name, plan: plan, epoch: epoch, unreadable: unreadable,
            notices: dataset.notices, statistics: statistics)
        try StandardStreams.print(json ? try report.json() : report.text)
    }

    /// The slots of evenly spaced groups; of the first group a part, if it alone is too large.
    private func sampledSlots(_ plan: ViewPlan) -> [Range<Int>] {
        let count = min(max(Self.sample / plan.groupSize, 1), plan.groupsPerEpoch)
        return spaced(count, of: plan.groupsPerEpoch).map { group in
            let slots = plan.slots(ofGroup: group)
            return slots.prefix(Self.sample)
        }
    }

    /// The groups whose mixing is counted. It needs no images, so they are many more than those of
    /// the slots.
    private func groups(_ plan: ViewPlan) -> [Int] {
        guard let range = slots?.range else {
            return spaced(min(plan.groupsPerEpoch, Self.sample), of: plan.groupsPerEpoch)
        }
        return Array(
            range.lowerBound / plan.groupSize...(range.upperBound - 1) / plan.groupSize)
    }

    private func spaced(_ count: Int, of total: Int) -> [Int] {
        (0..<count).map { $0 * total / count }
    }
}

/// What `understudy views stats` prints.
private struct ViewStatisticsReport: Encodable {
    let recipe: String
    let epoch: Int
    let slotsPerEpoch: Int
    let groupsPerEpoch: Int
    let images: Int
    let distinctImages: Int
    let repeats: Int
    let unreadable: Int
    /// What the data set has that is not used.
    let notices: [String]
    let statistics: ViewStatistics

    init(
        recipe: String, plan: ViewPlan, epoch: Int, unreadable: Int, notices: [String],
        statistics: ViewStatistics
    ) {
        self.recipe = recipe
        self.epoch = epoch
        slotsPerEpoch = plan.slotsPerEpoch
        groupsPerEpoch = plan.groupsPerEpoch
        images = plan.imageCount
        distinctImages = plan.distinctImages(epoch: epoch)
        repeats = plan.batch.repeats
        self.unreadable = unreadable
        self.notices = notices
        self.statistics = statistics
    }

    private enum CodingKeys: String, CodingKey {
        case recipe, epoch, images, repeats, unreadable, notices, statistics
        case slotsPerEpoch = "slots_per_epoch"
        case groupsPerEpoch = "groups_per_epoch"
        case distinctImages = "distinct_images"
    }

    var text: String {
        let shown = Double(slotsPerEpoch) / Double(distinctImages)
        var lines = ["recipe   \(recipe), epoch \(epoch)"]
        lines += notices.map { "note     \($0)" }
        lines += [
            "images   \(distinctImages.grouped) of \(images.grouped) in the epoch, "
                + String(format: shown == shown.rounded() ? "%.0f" : "%.2f", shown)
                + (shown == 1 ? " time each" : " times each"),
            "views    \(statistics.views.grouped) of \(slotsPerEpoch.grouped) counted"
                + (unreadable == 0 ? "" : "; \(unreadable.grouped) unreadable images left out"),
        ]
        guard statistics.views > 0 else { return lines.joined(separator: "\n") }
        lines += chart(
            "crop, share of the image", mean: percent(statistics.cropAreas.mean),
            statistics.cropAreas
        ) { "\(tidy($0 * 100))-\(tidy($1 * 100)) %" }
        lines += chart(
            "crop, width over height", mean: String(format: "%.2f", statistics.cropAspects.mean),
            statistics.cropAspects
        ) { String(format: "%.2f-%.2f", $0, $1) }
        lines += ["", Self.heading("resized and flipped", "share of views")]
        lines += BarChart.lines([
            ("bilinear", share(statistics.views - statistics.bicubic)),
            ("bicubic", share(statistics.bicubic)), ("flipped", share(statistics.flips)),
        ])
        lines += table("RandAugment", statistics.randaugment)
        lines += table("three-augment", statistics.threeAugment)
        lines += table("color jitter", statistics.colorJitter)
        if let erasing = statistics.erasing {
            lines += chart(
                "erased boxes, share of the view: \(percent(share(erasing.views))) of views",
                mean: percent(erasing.areas.mean), erasing.areas
            ) { "\(tidy($0 * 100))-\(tidy($1 * 100)) %" }
        }
        if let mixing = statistics.mixing { lines += mixLines(mixing) }
        return lines.joined(separator: "\n")
    }

    private func mixLines(_ mixing: ViewStatistics.Mixing) -> [String] {
        let groups = Double(max(mixing.groups, 1))
        var lines = [
            "",
            Self.heading(
                "mixing of \(mixing.groups.grouped) of \(groupsPerEpoch.grouped) groups",
                "share of groups"),
        ]
        lines += BarChart.lines([
            ("mixup", Double(mixing.mixup.total) / groups),
            ("CutMix", Double(mixing.cutmix.total) / groups),
            ("none", Double(mixing.unmixed) / groups),
        ])
        for (name, histogram) in [("mixup", mixing.mixup), ("CutMix", mixing.cutmix)]
        where histogram.total > 0 {
            lines += chart(
                "lambda of \(name), the view's own share",
                mean: String(format: "%.2f", histogram.mean), histogram
            ) { String(format: "%.1f-%.1f", $0, $1) }
        }
        return lines
    }

    private func chart(
        _ title: String, mean: String, _ histogram: Histogram,
        label: (Double, Double) -> String
    ) -> [String] {
        let total = Double(max(histogram.total, 1))
        // Bins before the first and after the last that hold anything say nothing.
        let used = histogram.counts.indices.filter { histogram.counts[$0] > 0 }
        guard let first = used.first, let last = used.last else { return [] }
        let rows = (first...last).map { bin in
            (
                label(histogram.edges[bin], histogram.edges[bin + 1]),
                Double(histogram.counts[bin]) / total
            )
        }
        return ["", Self.heading(title, "mean \(mean)")] + BarChart.lines(rows)
    }

    private func table(_ title: String, _ operations: [ViewStatistics.Operation]) -> [String] {
        guard !operations.isEmpty else { return [] }
        let hasMagnitude = operations.contains { $0.meanMagnitude != nil }
        func row(_ name: String, _ columns: [String]) -> String {
            zip(columns, [9, 9, 10, 12, 14]).reduce(name.padded(to: 24)) { line, column in
                line + column.0.flushRight(to: column.1)
            }
        }
        let heads = ["drawn", "applied", "of views", "|argument|", "magnitude"]
        let rows = operations.map { operation in
            let argument = operation.meanArgument.map { String(format: "%.3f", $0) } ?? "-"
            let magnitude = operation.meanMagnitude.map { String(format: "%.2f", $0) } ?? "-"
            let columns = [
                operation.drawn.grouped, operation.applied.grouped,
                percent(share(operation.applied)), argument, magnitude,
            ]
            return row("  " + operation.name, hasMagnitude ? columns : columns.dropLast())
        }
        return ["", row(title, hasMagnitude ? heads : heads.dropLast())] + rows
    }

    /// A chart's title, with what its right edge says.
    private static func heading(_ title: String, _ right: String) -> String {
        title + right.flushRight(to: BarChart.width - title.columns)
    }

    private func share(_ count: Int) -> Double { Double(count) / Double(max(statistics.views, 1)) }

    private func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

    /// A number without decimals that are 0.
    private func tidy(_ value: Double) -> String { String(format: "%g", value) }
}

/// Bars of text.
private enum BarChart {
    /// The columns that a chart takes.
    static let width = 78

    /// One line for each row: label, bar, share; the longest bar takes all the room.
    static func lines(_ rows: [(label: String, share: Double)]) -> [String] {
        let most = max(rows.map(\.share).max() ?? 0, 1e-9)
        return rows.map { row in
            let length = Int((row.share / most * 50).rounded())
            let bar = row.share > 0 && length == 0 ? "." : String(repeating: "#", count: length)
            let share = String(format: "%.1f %%", row.share * 100)
            return "  " + row.label.padded(to: 15) + bar.padded(to: 52) + share.flushRight(to: 9)
        }
    }
}
