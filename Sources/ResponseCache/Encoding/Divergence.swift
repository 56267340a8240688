import Foundation

/// The Kullback–Leibler divergence of stored rows from the true ones.
enum Divergence {
    /// Σ p ln(p / q) in nats, over p > 0.
    static func of(_ exact: some Sequence<Double>, from decoded: [Float]) -> Double {
        var sum = 0.0
        for (p, q) in zip(exact, decoded) where p > 0 { sum += p * log(p / Double(q)) }
        // Rounding may leave a perfect row a hair below zero.
        return max(sum, 0)
    }
}
