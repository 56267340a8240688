/// How the values of a tensor are spread: counts in buckets of one width from the least to the
/// greatest.
struct WeightHistogram: Equatable {
    /// TensorBoard shows as many.
    static let buckets = 30

    let least: Double
    let greatest: Double
    let count: Int
    let sum: Double
    let sumOfSquares: Double
    /// The upper limit of each bucket; the last is the greatest value, which it holds.
    let limits: [Double]
    let counts: [Int]

    /// - Parameter values: finite ones.
    /// - Returns: `nil` of no values.
    init?(_ values: [Float]) {
        guard var least = values.first, var greatest = values.first else { return nil }
        var (sum, squares) = (0.0, 0.0)
        for value in values {
            least = Swift.min(least, value)
            greatest = Swift.max(greatest, value)
            sum += Double(value)
            squares += Double(value) * Double(value)
        }
        self.least = Double(least)
        self.greatest = Double(greatest)
        self.sum = sum
        sumOfSquares = squares
        count = values.count
        guard least < greatest else {
            limits = [self.greatest]
            counts = [values.count]
            return
        }
        let (start, width) = (self.least, (self.greatest - self.least) / Double(Self.buckets))
        var counts = [Int](repeating: 0, count: Self.buckets)
        for value in values {
            counts[Swift.min(Int((Double(value) - start) / width), Self.buckets - 1)] += 1
        }
        self.counts = counts
        limits =
            (1..<Self.buckets).map { start + Double($0) * width } + [self.greatest]
    }
}
