/// Stores rows one after the other.
protocol RowEncoder: Sendable {
    /// Appends a row.
    ///
    /// - Parameters:
    ///   - row: `[classes]` probabilities, checked.
    ///   - sum: their sum.
    ///   - positive: how many are above 0.
    /// - Returns: the divergence of the row from what is decoded, in nats, and the classes stored.
    mutating func append(
        _ row: UnsafeBufferPointer<Float>, sum: Double, positive: Int
    ) -> (divergence: Double, entries: Int)

    /// The rows so far.
    var storage: PartRows.Storage { get }
}
