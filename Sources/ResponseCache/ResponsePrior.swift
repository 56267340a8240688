import CHDF5
import Crypto

/// Where the classes that a row does not store are likely to be: the teacher's mean response given
/// its most probable class.
///
/// A teacher that is sure of one class divides the rest among its look-alikes, and that is what the
/// tail of most rows looks like. A table of C × C halves is stored once for a whole cache.
public struct ResponsePrior: Sendable {
    /// Classes of a response.
    let classes: Int
    /// `[classes, classes]` halves, as they are stored: row c is the mean response whose most
    /// probable class is c.
    let table: [UInt16]
    /// The table as floats.
    let values: [Float]
    /// The sum of each of its rows, exact.
    let sums: [Float]
    /// SHA-256 of the table's bytes, little-endian, in lower-case hexadecimal.
    let digest: String

    /// The most classes for which there is a table: beyond them it would take hundreds of MiB.
    public static let maximumClasses = 4096

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
                guard let source = table.baseAddress, let target = values.baseAddress else { return }
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
        digest = Self.digest(of: table)
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
    public static func == (left: ResponsePrior, right: ResponsePrior) -> Bool {
        left.digest == right.digest
    }
}

extension CacheManifest {
    /// Whether rows are stored with a prior.
    ///
    /// The table is worth its bytes where they come to at most 4 for each response.
    public var usesPrior: Bool {
        guard case .bounded = encoding, classes <= ResponsePrior.maximumClasses else { return false }
        return 2 * classes * classes <= 4 * epochs * slotsPerEpoch
    }

    /// The groups of epoch 0 whose responses the prior is learnt from: about 8 responses for each
    /// class, and no more than an eighth of the cache.
    public var calibrationGroups: Range<Int> {
        let rows = min(8 * classes, epochs * slotsPerEpoch / 8)
        return 0..<min(max(1, (rows + groupSize - 1) / groupSize), groupsPerEpoch)
    }
}

/// Learns a prior from responses.
public struct PriorCalibration: Sendable {
    /// Classes of a response.
    let classes: Int
    /// Responses so far.
    private(set) var rows = 0
    /// The sum of the responses with each most probable class, `[classes, classes]`, and how many.
    private var sums: [Double]
    private var counts: [Int]

    /// How many responses the mean over all classes counts as in the mean of one.
    private static let shrinkage = 2.0
    /// What is shared evenly, so that no class is impossible.
    private static let floor = 0.02

    init(classes: Int) {
        self.classes = classes
        sums = [Double](repeating: 0, count: classes * classes)
        counts = [Int](repeating: 0, count: classes)
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
        for row in 0..<probabilities.count / classes {
            let values = probabilities[row * classes..<(row + 1) * classes]
            let sum = try RowCheck.sum(of: values, name: name(row)).sum
            var top = values.startIndex
            for index in values.indices where values[index] > values[top] { top = index }
            let start = (top - values.startIndex) * classes
            for (index, value) in values.enumerated() { sums[start + index] += Double(value) / sum }
            counts[top - values.startIndex] += 1
            rows += 1
        }
    }

    /// The prior of the responses so far; at least one.
    func prior() -> ResponsePrior {
        precondition(rows > 0, "a prior is learnt from responses")
        var mean = [Double](repeating: 0, count: classes)
        for row in 0..<classes {
            for index in 0..<classes { mean[index] += sums[row * classes + index] }
        }
        for index in 0..<classes { mean[index] /= Double(rows) }
        var table = [UInt16](repeating: 0, count: classes * classes)
        var exact = [Double](repeating: 0, count: classes)
        var rounding = HalfRow()
        for row in 0..<classes {
            let weight = (1 - Self.floor) / (Double(counts[row]) + Self.shrinkage)
            for index in 0..<classes {
                let sum = sums[row * classes + index] + Self.shrinkage * mean[index]
                exact[index] = weight * sum + Self.floor / Double(classes)
            }
            table.withUnsafeMutableBufferPointer { table in
                exact.withUnsafeBufferPointer { exact in
                    guard let target = table.baseAddress else { return }
                    rounding.round(exact, limit: HalfRow.one, into: target + row * classes)
                }
            }
        }
        guard let prior = ResponsePrior(table: table, classes: classes) else {
            preconditionFailure("means of distributions with a floor are distributions")
        }
        return prior
    }
}
