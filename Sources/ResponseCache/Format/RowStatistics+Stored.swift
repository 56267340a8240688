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
