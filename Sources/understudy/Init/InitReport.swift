import Base
import Recipes

/// What `understudy init` found and wrote.
struct InitReport: Encodable {
    /// A data set, or the part of one.
    struct Part: Encodable {
        /// As the recipe says it.
        let path: String
        let images: Int
    }

    /// An image that cannot be used.
    let unreadable: [String]
    let recipe: String
    /// The folder of the lists that were written, if any.
    let lists: String?
    let classes: [String: Int]
    /// The smallest, the median and the largest short side, pixels.
    let shortSides: [Int]
    let train: Part
    let val: Part
    let size: Int
    let batch: Int
    let group: Int
    let epochs: Int
    let steps: Int
    private let network: String
    private let next: String

    init(
        _ starter: StarterRecipe, train: LookedAtImages, faults: [String], lists: String?
    ) throws {
        let resolved = try starter.resolved()
        let parts = starter.parts
        unreadable = faults
        recipe = starter.path
        self.lists = lists
        let names = train.dataset.classes
        classes = train.dataset.samples.reduce(into: [:]) {
            $0[names[$1.knownLabel], default: 0] += 1
        }
        let sides = starter.shortSides
        shortSides = [sides[0], sides[sides.count / 2], sides.last ?? 0]
        self.train = Part(path: parts.trainPath, images: parts.train.images)
        val = Part(path: parts.valPath, images: parts.val.images)
        size = resolved.view.size
        batch = resolved.batch.size
        group = resolved.batch.group
        epochs = resolved.schedule.epochs
        steps = epochs * resolved.batch.stepsPerEpoch(images: parts.train.images)
        network = starter.role == .teacher ? "teacher" : "student"
        let run = "runs/\(resolved.name)"
        let train = "understudy train --recipe \(starter.path)"
        next =
            resolved.teachers.isEmpty
            ? "\(train) --out \(run)"
            : "understudy cache build --recipe \(starter.path) --cache responses, then "
                + "\(train) --cache responses --out \(run)"
    }

    enum CodingKeys: String, CodingKey {
        case unreadable, recipe, lists, classes, train, val, size, batch, group, epochs, steps
        case shortSides = "short_sides"
    }

    /// The faults that are shown one by one.
    private static let shownFaults = 5

    var text: String {
        let counts = classes.values.sorted()
        var lines = [
            "classes     \(classes.count.grouped): "
                + classes.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.listed,
            "images      \(counts.reduce(0, +).grouped), \((counts.first ?? 0).grouped) to "
                + "\((counts.last ?? 0).grouped) a class",
            "short side  \(shortSides[0]) to \(shortSides[2]) px, median \(shortSides[1])",
        ]
        if unreadable.isEmpty {
            lines.append("unreadable  none")
        } else {
            lines.append("unreadable  \(unreadable.count.grouped)")
            lines += unreadable.prefix(Self.shownFaults).map { "  \($0)" }
            if unreadable.count > Self.shownFaults {
                lines.append("  and \((unreadable.count - Self.shownFaults).grouped) more")
            }
        }
        lines += [
            "train       \(train.images.grouped) images, \(train.path)",
            "validate    \(val.images.grouped) images, \(val.path)",
            "\(network)     \(size) px, steps of \(batch) in groups of \(group), \(epochs) epochs, "
                + "\(steps.grouped) steps",
            "recipe      \(recipe)" + (lists.map { ", lists in \($0)" } ?? ""),
            "next        \(next)",
        ]
        return lines.joined(separator: "\n").printableLines
    }
}
