import Foundation
import StrictYAML

@testable import Views

/// The repository's root.
let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// What a recipe says of views.
struct ViewRecipe: Section {
    var seed: UInt64 = 0
    var view = ViewSettings()
    var batch = BatchSettings()

    static let initial = Self()
    static let keys: [Key<Self>] = [
        Key("seed", \.seed, .unsigned, ""), .section("view", \.view, ""),
        .section("batch", \.batch, ""),
    ]
}

/// The published recipe's views, overridden.
func imagenet(_ overrides: [String]) throws -> ViewRecipe {
    let root = try SourcedNode.reading(
        "\(repository)/recipes/imagenet-resnet50-kd.yaml", overrides: overrides, noun: "recipe")
    guard case .mapping(let entries) = root.content else { return .initial }
    return try ViewRecipe(SectionReader(root, noun: "recipe", known: entries.map(\.key)))
}

func imagenet(_ overrides: String...) throws -> ViewRecipe { try imagenet(overrides) }

extension ViewPlan {
    init(recipe: ViewRecipe, imageCount: Int) throws(YAMLError) {
        try self.init(
            seed: recipe.seed, settings: recipe.view, batch: recipe.batch, imageCount: imageCount)
    }
}

extension View {
    init(recipe: ViewRecipe, epoch: Int, slot: Int, imageIndex: Int) {
        self.init(
            settings: recipe.view, seed: recipe.seed, epoch: epoch, slot: slot,
            imageIndex: imageIndex)
    }
}

/// The message of the error that `body` throws; empty if it throws none.
func message(_ body: () throws -> some Any) -> String {
    do {
        _ = try body()
        return ""
    } catch {
        return "\(error)"
    }
}

/// How many images ImageNet-1K's training set has.
let imagenetImages = 1_281_167

/// Pearson's statistic over `counts` for the given expected shares.
func chiSquare(_ counts: [Int], _ shares: [Double]) -> Double {
    precondition(counts.count == shares.count)
    let total = Double(counts.reduce(0, +))
    return zip(counts, shares).reduce(0) { sum, pair in
        let expected = total * pair.1
        return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
    }
}

/// Pearson's statistic over `counts` that should be equal.
func chiSquare(_ counts: [Int]) -> Double {
    chiSquare(counts, Array(repeating: 1 / Double(counts.count), count: counts.count))
}

/// The value that a chi-square variable exceeds once in 10,000: Wilson and Hilferty's cube.
///
/// Seeds are fixed, so a test passes or fails for ever; the level says how odd a failure is.
func chiSquareLimit(degrees: Int) -> Double {
    let n = Double(degrees)
    let root = 1 - 2 / (9 * n) + 3.719 * (2 / (9 * n)).squareRoot()
    return n * root * root * root
}

/// Kolmogorov and Smirnov's distance of a sample from a distribution, times √n. It exceeds 2.23
/// once in 10,000 for a sample of that distribution.
func kolmogorov(_ sample: [Double], _ distribution: (Double) -> Double) -> Double {
    let n = Double(sample.count)
    var largest = 0.0
    for (i, x) in sample.sorted().enumerated() {
        let p = distribution(x)
        largest = max(largest, p - Double(i) / n, Double(i + 1) / n - p)
    }
    return largest * n.squareRoot()
}

/// The Kolmogorov distance exceeded once in 10,000.
let kolmogorovLimit = 2.23

/// The distribution function of the standard normal.
func normalDistribution(_ x: Double) -> Double {
    erfc(-x / 2.0.squareRoot()) / 2
}
