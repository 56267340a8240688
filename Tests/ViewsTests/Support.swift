import Foundation
import Recipes

@testable import Views

/// The repository's root.
let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// The published recipe, overridden.
func imagenet(_ overrides: String...) throws -> Recipe {
    try Recipe(
        contentsOf: "\(repository)/recipes/imagenet-resnet50-kd.yaml", overrides: overrides)
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
