import Foundation
import Testing

@testable import Views

// Whether draws follow a law. Both tests have the level 1 in 10,000: a sample of the very law fails
// that rarely, and as seeds are fixed, a test that passes once passes for ever.

/// Whether a sample follows a continuous law, by Kolmogorov's and Smirnov's test.
///
/// The largest distance between the sample's distribution function and the law's, times √n, is
/// below 2.23, which Kolmogorov's distribution exceeds once in 10,000 (2 Σ (-1)^(k-1) e^(-2k²x²)).
/// At 100,000 draws that sees a distance of 0.7 %.
///
/// - Parameter lattice: The distance between neighbouring values, where the law is that of a
///   lattice rather than continuous, as a share of its range; half of it cannot be told from chance.
func follows(
    _ sample: [Double], lattice: Double = 0, _ law: (Double) -> Double
) -> Bool {
    let slack = lattice / 2 * Double(sample.count).squareRoot()
    return kolmogorov(sample, law) < kolmogorovLimit + slack
}

/// Whether counts follow a discrete law, by Pearson's chi-square test.
///
/// Σ (count - expected)² / expected is below what a chi-square variable with as many degrees of
/// freedom as there are cells, less one, exceeds once in 10,000 (15.1 for 1 degree, 36.1 for 10;
/// `chiSquareLimit`). Every cell must be expected at least 5 times.
func follows(_ counts: [Int], _ shares: [Double]) -> Bool {
    let total = Double(counts.reduce(0, +))
    precondition(abs(shares.reduce(0, +) - 1) < 1e-6, "shares sum to 1")
    precondition(shares.allSatisfy { $0 * total >= 5 }, "cells are expected 5 times")
    return chiSquare(counts, shares) < chiSquareLimit(degrees: counts.count - 1)
}

/// Whether all counts are equally likely.
func areEven(_ counts: [Int]) -> Bool {
    follows(counts, Array(repeating: 1 / Double(counts.count), count: counts.count))
}

/// How often something happens, against a probability.
func happens(_ count: Int, of total: Int, with probability: Double) -> Bool {
    follows([count, total - count], [probability, 1 - probability])
}

/// How many draws the tests of distributions take.
let manyDraws = 100_000

/// 100,000 views of the published recipe with overrides, each of its own slot.
func manyViews(_ overrides: String...) throws -> [View] {
    let recipe = try imagenet(overrides)
    return (0..<manyDraws).map { View(recipe: recipe, epoch: 5, slot: $0, imageIndex: 0) }
}

/// The law of a box that is drawn in a large square until it fits.
///
/// Area share `a` is uniform in `areas` and the logarithm `t` of the shape in ±`edge`; a box fits
/// where both sides, √(a·eᵗ) and √(a·e⁻ᵗ), are at most 1, that is where |t| ≤ -ln a. So the accepted
/// area has a density proportional to min(1, -ln a / edge), the accepted shape one proportional to
/// min(areas.upperBound, e^-|t|) - areas.lowerBound.
struct BoxLaw {
    let areas: ClosedRange<Double>
    let edge: Double

    /// The integral of min(1, -ln a / edge) from 0: a up to e^-edge, then (a - a ln a) / edge.
    private func integral(_ a: Double) -> Double {
        let corner = exp(-edge)
        guard a > corner else { return a }
        func upper(_ x: Double) -> Double { (x - x * log(x)) / edge }
        return corner + upper(a) - upper(corner)
    }

    /// The probability that an accepted area is at most `a`.
    func area(_ a: Double) -> Double {
        let start = integral(areas.lowerBound)
        return (integral(a) - start) / (integral(areas.upperBound) - start)
    }

    /// The probability that the logarithm of an accepted shape is at most `t`.
    func shape(_ t: Double) -> Double {
        let corner = -log(areas.upperBound)
        /// The integral of the density from 0 to |t|.
        func half(_ t: Double) -> Double {
            let flat = min(t, corner) * areas.upperBound
            let falling = t > corner ? exp(-corner) - exp(-t) : 0
            return flat + falling - areas.lowerBound * t
        }
        let share = half(min(abs(t), edge)) / half(edge) / 2
        return t < 0 ? 0.5 - share : 0.5 + share
    }

    /// The probability that a try fits.
    var acceptance: Double {
        let width = areas.upperBound - areas.lowerBound
        return (integral(areas.upperBound) - integral(areas.lowerBound)) / width
    }
}

@Suite("Goodness of fit") struct GoodnessOfFitTests {
    private let uniform = {
        var stream = DrawStream(seed: 11, epoch: 0, slot: 0, purpose: .crop)
        return (0..<manyDraws).map { _ in stream.uniform() }
    }()

    @Test("the law of the sample passes, one that is 1 % off fails")
    func continuous() {
        #expect(follows(uniform) { $0 })
        #expect(!follows(uniform) { ($0 - 0.01) / 0.99 })
        #expect(!follows(uniform.map { $0 * 0.99 }) { $0 })
        #expect(follows(uniform.map { ($0 * 50).rounded() / 50 }, lattice: 1 / 50) { $0 })
        #expect(!follows(uniform.map { ($0 * 50).rounded() / 50 }) { $0 })
        let normal = uniform.map { ExactMath.normalQuantile($0 * 0.999_998 + 1e-6) }
        #expect(follows(normal, normalDistribution))
        #expect(!follows(normal) { normalDistribution($0 / 1.04) })
        #expect(!follows(normal) { normalDistribution($0 - 0.02) })
    }

    @Test("even counts pass, a coin of 49 % and a die with one heavy side fail")
    func discrete() {
        let count = uniform.filter { $0 < 0.5 }.count
        #expect(happens(count, of: manyDraws, with: 0.5))
        #expect(!happens(count, of: manyDraws, with: 0.49))
        var die = Array(repeating: 0, count: 15)
        for u in uniform { die[Int(u * 15)] += 1 }
        #expect(areEven(die))
        die[4] += 500
        #expect(!areEven(die))
    }

    @Test("the law of a box integrates what it says")
    func boxLaw() {
        for law in [
            BoxLaw(areas: 0.08...1, edge: log(4.0 / 3)),
            BoxLaw(areas: 0.02...0.3333, edge: log(1 / 0.3)),
        ] {
            // The middle of 2,000 by 2,000 cells of area and shape.
            var areas = Array(repeating: 0.0, count: 2000)
            var shapes = areas
            let width = law.areas.upperBound - law.areas.lowerBound
            for i in 0..<2000 {
                let a = law.areas.lowerBound + (Double(i) + 0.5) / 2000 * width
                for j in 0..<2000 {
                    let t = ((Double(j) + 0.5) / 1000 - 1) * law.edge
                    guard abs(t) <= -log(a) else { continue }
                    areas[i] += 1
                    shapes[j] += 1
                }
            }
            let total = areas.reduce(0, +)
            #expect(abs(total / 4e6 - law.acceptance) < 1e-4)
            for cell in [100, 700, 1500, 1999, 2000] {
                let a = law.areas.lowerBound + Double(cell) / 2000 * width
                let t = (Double(cell) / 1000 - 1) * law.edge
                #expect(abs(areas.prefix(cell).reduce(0, +) / total - law.area(a)) < 1e-4)
                #expect(abs(shapes.prefix(cell).reduce(0, +) / total - law.shape(t)) < 1e-4)
            }
        }
    }
}
