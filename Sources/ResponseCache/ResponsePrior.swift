import CHDF5
import Crypto

/// Where the classes that a row does not store are likely to be: the teacher's mean response given
/// its most probable class.
///
/// A teacher that is sure of one class divides the rest among its look-alikes, and that is what the
/// tail of most rows looks like. A table of C × C halves is stored once for a whole cache.
package struct ResponsePrior: Sendable {
    /// Classes of a response.
    let classes: Int
    /// `[classes, classes]` halves, as they are stored: row c is the mean response whose most
    /// probable class is c.
    let table: [UInt16]
    /// The table as floats.
    let values: [Float]
    /// The sum of each of its rows, exact.
    let sums: [Float]
    /// `[classes, 48]`: the classes that each class's row gives most, itself left out, most probable
    /// first, equals by index; empty where there are not so many.
    let lookAlikes: [UInt16]
    /// SHA-256 of the table's bytes, little-endian, in lower-case hexadecimal.
    let digest: String

    /// The most classes for which there is a table: beyond them it would take hundreds of MiB.
    package static let maximumClasses = 4096

    /// Look-alikes listed for each class.
    static let lookAlikeCount = CHDF5_LOOK_ALIKES

    /// A table as it was stored.
    ///
    /// - Returns: nil if a row is no distribution: one with a value of 0 or of no half in 0…1, or
    ///   with a sum that is not nearly 1.
    init?(table: [UInt16], classes: Int) {
        precondition(table.count == classes * classes, "\(table.count) for \(classes) classes")
        // The halves of 0…1 are those whose bits are at most these.
        guard table.allSatisfy({ (1...Float16(1).bitPattern).contains($0) }) else { return nil }
        var values = [Float](repeating: 0, count: table.count)
        var sums: [Float] = []
        table.withUnsafeBufferPointer { table in
            values.withUnsafeMutableBufferPointer { values in
                guard let source = table.baseAddress, let target = values.baseAddress else {
                    return
                }
                for row in 0..<classes {
                    sums.append(
                        chdf5_widen(source + row * classes, target + row * classes, classes))
                }
            }
        }
        guard sums.allSatisfy({ $0 > 0.9 && $0 <= 1 }) else { return nil }
        self.classes = classes
        self.table = table
        self.values = values
        self.sums = sums
        lookAlikes = Self.lookAlikes(values, classes: classes)
        digest = Self.digest(of: table)
    }

    private static func lookAlikes(_ values: [Float], classes: Int) -> [UInt16] {
        guard classes > lookAlikeCount else { return [] }
        var selection = LargestClasses()
        return values.withUnsafeBufferPointer { values in
            (0..<classes).flatMap { own in
                selection.select(
                    lookAlikeCount + 1,
                    of: UnsafeBufferPointer(rebasing: values[own * classes..<(own + 1) * classes]))
                return (0...lookAlikeCount).map { selection[$0] }.filter { $0 != own }
                    .prefix(lookAlikeCount).map { UInt16($0) }
            }
        }
    }

    private static func digest(of table: [UInt16]) -> String {
        var hash = SHA256()
        // x86-64 and arm64 hold numbers as files do.
        table.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Fingerprint.hexadecimal(hash.finalize())
    }
}

extension ResponsePrior: Equatable {
    /// Whether the tables are the same.
    package static func == (left: ResponsePrior, right: ResponsePrior) -> Bool {
        left.digest == right.digest
    }
}

extension CacheManifest {
    /// Whether rows are stored with a prior.
    package var usesPrior: Bool {
        if case .bounded = encoding { isLargeEnoughForPrior } else { false }
    }

    /// Whether a prior's table would be worth its bytes, which is where they come to at most 4 for
    /// each response.
    package var isLargeEnoughForPrior: Bool {
        classes <= ResponsePrior.maximumClasses
            && 2 * classes * classes <= 4 * epochs * slotsPerEpoch
    }

    /// The groups of epoch 0 whose responses the prior is learnt from: about 24 responses for each
    /// class, and no more than an eighth of the cache.
    package var calibrationGroups: Range<Int> {
        let rows = min(24 * classes, epochs * slotsPerEpoch / 8)
        return 0..<min(max(1, (rows + groupSize - 1) / groupSize), groupsPerEpoch)
    }
}

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
