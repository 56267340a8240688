/// How 8 bits without a sign stand for a value: `(q − zero) · scale`, q in 0…255.
///
/// Zero itself is always among the numbers that they stand for: paddings, and what a ReLU cut off, are
/// to stay what they are.
package struct ActivationScale: Sendable, Equatable {
    package let scale: Float
    package let zero: Int

    /// The integers.
    static let integers = 0...255

    /// Spreads the integers over a range, and to zero.
    init(covering range: ClosedRange<Double>) {
        let (low, high) = (min(range.lowerBound, 0), max(range.upperBound, 0))
        let step = Float((high - low) / Double(Self.integers.upperBound))
        // Where everything is zero, or too small for a step, any step will do.
        guard step >= .leastNormalMagnitude else {
            (scale, zero) = (1, 0)
            return
        }
        scale = step
        zero = min(max(Int((-low / Double(step)).rounded()), 0), Self.integers.upperBound)
    }

    /// What becomes of a number.
    func rounded(_ value: Double) -> Double {
        let integer = (value / Double(scale)).rounded(.toNearestOrEven) + Double(zero)
        let bounds = Self.integers
        let clamped = min(max(integer, Double(bounds.lowerBound)), Double(bounds.upperBound))
        return (clamped - Double(zero)) * Double(scale)
    }
}

extension ActivationScale {
    /// The scale with the least mean squared error of values whose counts are known, among those that
    /// cut off nothing and those that cut off the outermost.
    ///
    /// A few outliers can be worth less than the finer steps that all others have without them.
    ///
    /// - Parameters:
    ///   - range: of all values.
    ///   - counts: of the values in bins of equal width over the range.
    init(range: ClosedRange<Double>, counts: [Double]) {
        let width = (range.upperBound - range.lowerBound) / Double(counts.count)
        let centers = counts.indices.map { range.lowerBound + (Double($0) + 0.5) * width }
        func error(_ scale: Self) -> Double {
            zip(centers, counts).reduce(0) { sum, bin in
                guard bin.1 > 0 else { return sum }
                let difference = scale.rounded(bin.0) - bin.0
                return sum + bin.1 * difference * difference
            }
        }
        var best = Self(covering: range)
        guard width > 0 else {
            self = best
            return
        }
        var least = error(best)
        for percent in (20..<100).reversed() {
            let share = Double(percent) / 100
            let scale = Self(
                covering: range.lowerBound * share...range.upperBound * share)
            let found = error(scale)
            if found < least { (best, least) = (scale, found) }
        }
        self = best
    }
}
