import Foundation

/// What storing rows cost in accuracy and in bytes.
package struct RowStatistics: Sendable, Equatable {
    /// Rows counted.
    package private(set) var rows = 0
    /// The largest divergence of a teacher's row from the stored one, in nats.
    package private(set) var maxKL = 0.0
    /// Bytes of the rows, without the files' overhead.
    package internal(set) var bytes = 0

    private var divergence = 0.0
    private var entries = 0

    /// Statistics of no rows.
    package init() {}

    /// The mean divergence of a teacher's row from the stored one, in nats.
    package var meanKL: Double { rows > 0 ? divergence / Double(rows) : 0 }

    /// Classes stored per row.
    package var meanEntries: Double { rows > 0 ? Double(entries) / Double(rows) : 0 }

    /// Bytes per row.
    package var meanBytes: Double { rows > 0 ? Double(bytes) / Double(rows) : 0 }

    /// Counts a row.
    mutating func add(divergence: Double, entries: Int) {
        rows += 1
        self.divergence += divergence
        self.entries += entries
        maxKL = max(maxKL, divergence)
    }
}

extension RowStatistics {
    /// Statistics as a part keeps them.
    struct Stored: Sendable, Equatable {
        var meanKL: Double
        var maxKL: Double
        var meanEntries: Double
        var meanBytes: Double

        init(_ statistics: RowStatistics) {
            meanKL = statistics.meanKL
            maxKL = statistics.maxKL
            meanEntries = statistics.meanEntries
            meanBytes = statistics.meanBytes
        }

        /// Reads and checks the statistics of rows of so many classes.
        init(readFrom file: borrowing HDF5File, classes: Int) throws(CacheError) {
            func number(_ name: String, _ range: ClosedRange<Double>) throws(CacheError) -> Double {
                let value = try file.number(name)
                // NaN lies in no range.
                guard range.contains(value) else {
                    throw file.error(
                        "its \(name) is \(value), and \(range.lowerBound) to \(range.upperBound) are "
                            + "possible")
                }
                return value
            }
            let nats = 0...Self.largestKL
            meanKL = try number("mean_kl", nats)
            maxKL = try number("max_kl_measured", nats)
            meanEntries = try number("mean_entries", 1...Double(classes))
            // A row of float32, and the byte of its length.
            meanBytes = try number("mean_bytes", 1...Double(4 * classes + 1))
        }

        /// -ln of the smallest float, beyond which a decoded probability would be 0.
        private static let largestKL = 104.0

        func write(to file: borrowing HDF5File) throws(CacheError) {
            try file.write("mean_kl", meanKL)
            try file.write("max_kl_measured", maxKL)
            try file.write("mean_entries", meanEntries)
            try file.write("mean_bytes", meanBytes)
        }
    }
}

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
