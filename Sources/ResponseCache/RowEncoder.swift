/// What makes a row of probabilities storable.
enum RowCheck {
    /// How far from 1 a row's sum may be: float32 softmax over 65,536 classes stays well within it,
    /// and a forgotten softmax does not.
    static let tolerance = 1e-3

    /// The row's sum, and how many of its values are positive; or what is wrong with it.
    static func sum(
        of row: UnsafePointer<Float>, classes: Int
    ) -> Result<(sum: Double, positive: Int), Fault> {
        var sum = 0.0
        var positive = 0
        for index in 0..<classes {
            let value = row[index]
            // Written so that NaN fails, too.
            guard value >= 0, value < .infinity else {
                return .failure(Fault("the probability of class \(index) is \(value)"))
            }
            sum += Double(value)
            positive += value > 0 ? 1 : 0
        }
        guard abs(sum - 1) <= tolerance else {
            return .failure(Fault("the probabilities sum to \(sum), not to 1"))
        }
        return .success((sum, positive))
    }

    /// Why a row cannot be stored.
    struct Fault: Error {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }
}

/// Turns rows of probabilities into halves: every class, or the K most probable.
///
/// Encoding is a pure function of the row: the same probabilities give the same bytes.
struct HalfRowEncoder {
    /// The K of top-K; nil for every class.
    let topK: Int?
    let classes: Int
    private var rounding = HalfRow()
    private var selection = LargestClasses()
    /// The exact values to round: float64, normalised.
    private var exact: [Double]

    init(topK: Int?, classes: Int) {
        self.topK = topK
        self.classes = classes
        exact = [Double](repeating: 0, count: topK ?? classes)
    }

    /// Encodes one row.
    ///
    /// - Parameters:
    ///   - row: `[classes]` probabilities, checked.
    ///   - sum: their sum.
    ///   - positive: how many are above 0.
    ///   - values: receives the halves: every class, or K.
    ///   - indices: receives K class indices; not touched for every class.
    mutating func encode(
        _ row: UnsafePointer<Float>, sum: Double, positive: Int,
        values: UnsafeMutablePointer<UInt16>, indices: UnsafeMutablePointer<UInt16>?
    ) {
        guard let topK else {
            // + 0 turns -0, whose bits would sort above everything, into 0; below likewise.
            for index in 0..<classes { exact[index] = Double(row[index]) / sum + 0 }
            exact.withUnsafeBufferPointer { rounding.round($0, limit: HalfRow.one, into: values) }
            return
        }
        guard let indices else { preconditionFailure("top-K rows need room for indices") }
        selection.select(topK, of: row, classes: classes)
        for entry in 0..<topK {
            let index = selection[entry]
            indices[entry] = UInt16(index)
            exact[entry] = Double(row[index]) / sum + 0
        }
        // One unit stays for the unstored classes where they hold anything.
        let limit = positive > topK ? HalfRow.one - 1 : HalfRow.one
        exact.withUnsafeBufferPointer { rounding.round($0, limit: limit, into: values) }
    }
}
