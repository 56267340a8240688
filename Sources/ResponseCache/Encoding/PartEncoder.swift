/// Encodes the rows of a part as they come.
struct PartEncoder: Sendable {
    private let encoding: RowEncoding
    private let classes: Int
    private var encoder: any RowEncoder
    private var cost = RowStatistics()

    /// - Parameter prior: what encoding `bounded` shares tails by; nil for evenly.
    init(_ encoding: RowEncoding, classes: Int, prior: ResponsePrior?) {
        self.encoding = encoding
        self.classes = classes
        switch encoding {
        case .dense: encoder = HalfRowEncoder(topK: nil, classes: classes)
        case .topK(let count): encoder = HalfRowEncoder(topK: count, classes: classes)
        case .bounded(let maxKL):
            let layout = BoundedLayout(maxKL: maxKL, classes: classes, prior: prior)
            encoder = BoundedEncoder(layout: layout, maxKL: maxKL)
        }
    }

    /// Appends rows.
    ///
    /// - Parameters:
    ///   - probabilities: `[rows, classes]`.
    ///   - name: what to call a row in an error, by its index in the part.
    /// - Throws: `CacheError` for a row with NaN, infinity or a negative value, or a sum that is
    ///   not 1.
    mutating func append(
        _ probabilities: UnsafeBufferPointer<Float>, name: (Int) -> String
    ) throws(CacheError) {
        precondition(
            probabilities.count % classes == 0,
            "\(probabilities.count) probabilities are no rows of \(classes) classes")
        for start in stride(from: 0, to: probabilities.count, by: classes) {
            let row = UnsafeBufferPointer(rebasing: probabilities[start..<start + classes])
            let (sum, positive) = try RowCheck.sum(of: row, name: name(cost.rows))
            let (divergence, entries) = encoder.append(row, sum: sum, positive: positive)
            cost.add(divergence: divergence, entries: entries)
        }
    }

    /// The rows so far, and what storing them cost.
    func encoded() -> (rows: PartRows, statistics: RowStatistics) {
        let rows = PartRows(
            encoding: encoding, classes: classes, rows: cost.rows, storage: encoder.storage)
        var statistics = cost
        statistics.bytes = rows.bytes
        return (rows, statistics)
    }
}

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
