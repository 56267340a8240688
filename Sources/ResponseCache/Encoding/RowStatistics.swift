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
