/// Counts of values in bins of equal width, or of equal ratio.
package struct Histogram: Sendable, Equatable, Encodable {
    /// The bins' limits, one more than bins.
    package let edges: [Double]
    /// How many values lie in each bin; the last bin includes its upper edge, and values beyond
    /// the ends belong to the outermost bins.
    package private(set) var counts: [Int]
    /// The mean of all values; 0 without any.
    package private(set) var mean = 0.0

    /// How many values there are.
    package var total: Int { counts.reduce(0, +) }

    /// Makes an empty histogram.
    ///
    /// - Parameters:
    ///   - bins: How many bins the range is cut into; a range of one value has one.
    ///   - isLogarithmic: Whether the bins have equal ratios of their edges; the range is above 0.
    package init(over range: ClosedRange<Double>, bins: Int, isLogarithmic: Bool = false) {
        precondition(bins > 0, "a histogram has at least one bin")
        let (low, high) = (range.lowerBound, range.upperBound)
        guard low < high else {
            edges = [low, high]
            counts = [0]
            return
        }
        edges = (0...bins).map { bin in
            if bin == bins { return high }
            let share = Double(bin) / Double(bins)
            guard isLogarithmic else { return low + (high - low) * share }
            return ExactMath.exp(
                ExactMath.log(low) + (ExactMath.log(high) - ExactMath.log(low)) * share)
        }
        counts = Array(repeating: 0, count: bins)
    }

    /// Counts a value.
    package mutating func add(_ value: Double) {
        let bin = edges.dropFirst().dropLast().filter { value >= $0 }.count
        counts[bin] += 1
        mean += (value - mean) / Double(total)
    }
}
