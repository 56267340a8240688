import Foundation

/// What sharing the tail costs as a row's classes are stored one after the other, most probable
/// first.
///
/// By the prior, an unstored class i has the share P(i) / Σ P of the tail, the sum over all unstored
/// classes, with P the prior of the first class, or of the first two by their weights. So the cost,
/// -Σ p ln (P / Σ P), needs two sums over the unstored classes, which shrink with every class that is
/// stored.
struct TailCost: Sendable {
    private let layout: BoundedLayout
    /// P of each class for the row at hand, and its logarithm; P need not sum to 1.
    private var shares: [Double]
    private var logarithms: [Double]
    /// The most probable class.
    private var first = 0
    /// Σ P and Σ p ln P over the unstored classes.
    private var share = 0.0
    private var logarithm = 0.0

    init(_ layout: BoundedLayout) {
        self.layout = layout
        shares = [Double](repeating: 1, count: layout.prior == nil ? 0 : layout.classes)
        logarithms = shares
    }

    /// Counts a class among the stored ones.
    ///
    /// - Parameters:
    ///   - entry: how many were stored before it; 0 begins a row.
    ///   - exact: the row.
    mutating func store(_ index: Int, code: Int, entry: Int, of exact: [Double]) {
        guard let prior = layout.prior else { return }
        if entry == 0 {
            first = index
            mix(prior, second: index, weight: 0, exact)
        } else if entry == 1 {
            mix(prior, second: index, weight: Double(layout.weights[code]), exact)
            leaveOut(first, exact)
        }
        leaveOut(index, exact)
    }

    /// Begins with P for a first class of weight 1 and a second one.
    private mutating func mix(
        _ prior: ResponsePrior, second: Int, weight: Double, _ exact: [Double]
    ) {
        let own = 1 / (1 + weight)
        let (start, other) = (first * layout.classes, second * layout.classes)
        (share, logarithm) = (0, 0)
        for index in 0..<layout.classes {
            let value =
                own * Double(prior.values[start + index])
                + (1 - own) * Double(prior.values[other + index])
            shares[index] = value
            logarithms[index] = log(value)
            share += value
            logarithm += exact[index] * logarithms[index]
        }
    }

    private mutating func leaveOut(_ index: Int, _ exact: [Double]) {
        share -= shares[index]
        logarithm -= exact[index] * logarithms[index]
    }

    /// -Σ p ln s over the unstored classes, s being what each has of the tail, for the better way to
    /// share it.
    ///
    /// - Parameters:
    ///   - others: Σ p.
    ///   - unstored: how many they are.
    func least(others: Double, unstored: Int) -> (cost: Double, isByPrior: Bool) {
        let even = others * log(Double(unstored))
        guard layout.prior != nil else { return (even, false) }
        // What is left of a sum after many subtractions may be a hair off, which the test of the
        // decoded row makes good.
        let byPrior = others * log(max(share, .leastNormalMagnitude)) - logarithm
        return byPrior < even ? (byPrior, true) : (even, false)
    }
}
