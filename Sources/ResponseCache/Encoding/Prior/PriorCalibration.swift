/// Learns a prior from responses.
///
/// A response to a mixed view has two sources. So a class's mean is not that of the responses in which
/// it is the most probable, but of the part of each that is its own: by the means so far, which say
/// how the two most probable classes of a response share every other. A few rounds of this
/// (expectation and maximisation, with the two classes' probabilities for their shares) settle it.
package struct PriorCalibration: Sendable {
    /// Classes of a response.
    let classes: Int
    /// The responses so far, each summing to 1.
    private let responses: RowSpool
    /// The sum of the responses so far.
    private var sum: [Double]
    /// The two most probable classes of each response, and the first one's share of the two.
    private var tops: [(first: Int, second: Int, share: Double)] = []
    private var selection = LargestClasses()

    /// Responses so far.
    var rows: Int { tops.count }

    /// How many responses the mean over all classes counts as in the mean of one.
    private static let shrinkage = 1.0
    /// What is shared evenly, so that no class is impossible.
    private static let floor = 0.01
    private static let rounds = 4

    /// - Parameters:
    ///   - folder: where responses wait that do not fit the memory set aside for them: 24 for each
    ///     of 4,096 classes come to 1.6 GB.
    ///   - budget: values to hold in memory.
    init(classes: Int, folder: String, budget: Int = 16 << 20) {
        self.classes = classes
        responses = RowSpool(columns: classes, folder: folder, budget: budget)
        sum = [Double](repeating: 0, count: classes)
    }

    /// Counts responses.
    ///
    /// - Parameters:
    ///   - probabilities: `[rows, classes]`, each a distribution.
    ///   - name: what to call a row in an error, by its index.
    /// - Throws: `CacheError` for a row that is no distribution.
    mutating func add(
        _ probabilities: [Float], name: (Int) -> String
    ) throws(CacheError) {
        precondition(probabilities.count % classes == 0, "rows of other classes")
        var normalised: [Float] = []
        normalised.reserveCapacity(probabilities.count)
        for row in 0..<probabilities.count / classes {
            let values = probabilities[row * classes..<(row + 1) * classes]
            let sum = try RowCheck.sum(of: values, name: name(row)).sum
            normalised += values.lazy.map { Float(Double($0) / sum) }
        }
        for (index, value) in normalised.enumerated() { sum[index % classes] += Double(value) }
        normalised.withUnsafeBufferPointer { normalised in
            for start in stride(from: 0, to: normalised.count, by: classes) {
                let row = UnsafeBufferPointer(rebasing: normalised[start..<start + classes])
                selection.select(2, of: row)
                let (first, second) = (Double(row[selection[0]]), Double(row[selection[1]]))
                tops.append((selection[0], selection[1], first / (first + second)))
            }
        }
        try responses.append(normalised)
    }

    /// The prior of the responses so far; at least one.
    ///
    /// - Throws: `CacheError` if responses that wait on the disk cannot be read.
    func prior() throws(CacheError) -> ResponsePrior {
        precondition(rows > 0, "a prior is learnt from responses")
        let mean = sum.map { $0 / Double(rows) }
        var means = [Double](repeating: 1, count: classes * classes)
        for round in 0..<Self.rounds {
            means = shrunk(try sums(means, isFirst: round == 0), to: mean)
        }
        var table = [UInt16](repeating: 0, count: classes * classes)
        var rounding = HalfRow()
        for start in stride(from: 0, to: table.count, by: classes) {
            table.withUnsafeMutableBufferPointer { table in
                means.withUnsafeBufferPointer { means in
                    guard let target = table.baseAddress else { return }
                    rounding.round(
                        UnsafeBufferPointer(rebasing: means[start..<start + classes]),
                        limit: HalfRow.one, into: target + start)
                }
            }
        }
        guard let prior = ResponsePrior(table: table, classes: classes) else {
            preconditionFailure("means of distributions with a floor are distributions")
        }
        return prior
    }

    /// What each class has of all responses, `[classes, classes]`.
    ///
    /// - Parameter isFirst: gives all of a response to its most probable class.
    private func sums(_ means: [Double], isFirst: Bool) throws(CacheError) -> [Double] {
        var sums = [Double](repeating: 0, count: classes * classes)
        try responses.forEach { responses, start in
            for row in 0..<responses.count / classes {
                let top = tops[start + row]
                let (first, second) = (top.first * classes, top.second * classes)
                for index in 0..<classes {
                    let value = Double(responses[row * classes + index])
                    let own = top.share * means[first + index]
                    let other = isFirst ? 0 : (1 - top.share) * means[second + index]
                    sums[first + index] += value * own / (own + other)
                    sums[second + index] += value * other / (own + other)
                }
            }
        }
        return sums
    }

    /// Means of distributions: shrunk towards the mean over all classes, and a little to even shares.
    private func shrunk(_ sums: [Double], to mean: [Double]) -> [Double] {
        var means = sums
        for start in stride(from: 0, to: sums.count, by: classes) {
            let weight = sums[start..<start + classes].reduce(0, +) + Self.shrinkage
            for index in 0..<classes {
                let share = (sums[start + index] + Self.shrinkage * mean[index]) / weight
                means[start + index] = (1 - Self.floor) * share + Self.floor / Double(classes)
            }
        }
        return means
    }
}
