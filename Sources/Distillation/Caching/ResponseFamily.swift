import Foundation

/// Responses made up by a rule, to see what encodings do where no teacher is at hand.
package enum ResponseFamily: String, CaseIterable, Sendable {
    /// One class has 0.8 to 0.999; the rest is a softmax of normal logits of deviation 2.
    case peaked
    /// A label-smoothed teacher's: one class has 0.3 to 0.9, two others share most of what is left
    /// to 0.9, and 0.1 lies on all classes alike but for a fifth.
    case smoothed
    /// A softmax of normal logits of deviation 1.
    case flat

    /// Responses by their numbers, `[rows.count, classes]`; the same on every call.
    package func responses(_ rows: Range<Int>, classes: Int) -> [Float] {
        var out: [Float] = []
        out.reserveCapacity(rows.count * classes)
        for row in rows {
            var numbers = SplitMix64(state: UInt64(row) &* 0xD6E8_FEB8_6659_FD93)
            let weights = weights(classes, &numbers)
            let sum = weights.reduce(0, +)
            out += weights.map { Float($0 / sum) }
        }
        return out
    }

    private func weights(_ classes: Int, _ numbers: inout SplitMix64) -> [Double] {
        let top = Int.random(in: 0..<classes, using: &numbers)
        switch self {
        case .flat: return (0..<classes).map { _ in exp(Self.normal(&numbers)) }
        case .peaked:
            var weights = (0..<classes).map { _ in exp(2 * Self.normal(&numbers)) }
            weights[top] = 0
            let share = Double.random(in: 0.8..<0.999, using: &numbers)
            weights[top] = weights.reduce(0, +) * share / (1 - share)
            return weights
        case .smoothed:
            var weights = (0..<classes).map { _ in
                0.1 / Double(classes) * Double.random(in: 0.8..<1.2, using: &numbers)
            }
            let share = Double.random(in: 0.3..<0.9, using: &numbers)
            weights[top] += share
            let rest = Double.random(in: 0.2..<0.8, using: &numbers)
            for part in [rest, 1 - rest] {
                weights[Int.random(in: 0..<classes, using: &numbers)] += (0.9 - share) * part
            }
            return weights
        }
    }

    /// A normal number by Box and Muller's method.
    private static func normal(_ numbers: inout SplitMix64) -> Double {
        let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &numbers))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &numbers))
    }
}

/// Numbers for tools that look at a sample; what a training sees is drawn by `DrawStream`.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
