/// Turns rows of probabilities into what a part stores.
///
/// Encoding is a pure function of the row: the same probabilities give the same bytes.
struct RowEncoder {
    /// How far from 1 a row's sum may be: float32 softmax over 65,536 classes stays well within it,
    /// and a forgotten softmax does not.
    static let tolerance = 1e-3

    let encoding: RowEncoding
    let classes: Int
    private var rounding = HalfRow()
    /// The exact values to round: float64, normalised.
    private var exact: [Double]
    /// The heap of the top-K search, see `selectLargest`.
    private var keys: [UInt64]

    init(encoding: RowEncoding, classes: Int) {
        self.encoding = encoding
        self.classes = classes
        let entries = encoding.entries(classes: classes)
        exact = [Double](repeating: 0, count: entries)
        keys = [UInt64](repeating: 0, count: entries)
    }

    /// Encodes one row.
    ///
    /// - Parameters:
    ///   - row: `[classes]` probabilities.
    ///   - values: receives the halves: every class, or K.
    ///   - indices: receives K class indices; not touched when dense.
    /// - Returns: nil, or what is wrong with the row.
    mutating func encode(
        _ row: UnsafePointer<Float>, values: UnsafeMutablePointer<UInt16>,
        indices: UnsafeMutablePointer<UInt16>?
    ) -> String? {
        var sum = 0.0
        var positive = 0
        for index in 0..<classes {
            let value = row[index]
            // Written so that NaN fails, too.
            guard value >= 0, value < .infinity else {
                return "the probability of class \(index) is \(value)"
            }
            sum += Double(value)
            positive += value > 0 ? 1 : 0
        }
        guard abs(sum - 1) <= Self.tolerance else {
            return "the probabilities sum to \(sum), not to 1"
        }
        switch encoding {
        case .dense:
            // + 0 turns -0, whose bits would sort above everything, into 0; below likewise.
            for index in 0..<classes { exact[index] = Double(row[index]) / sum + 0 }
            exact.withUnsafeBufferPointer { rounding.round($0, limit: HalfRow.one, into: values) }
        case .topK(let count):
            guard let indices else { preconditionFailure("top-K rows need room for indices") }
            selectLargest(row, count)
            for entry in 0..<count {
                let index = Int(~UInt32(truncatingIfNeeded: keys[entry]))
                indices[entry] = UInt16(index)
                exact[entry] = Double(row[index]) / sum + 0
            }
            // One unit stays for the unstored classes where they hold anything.
            let limit = positive > count ? HalfRow.one - 1 : HalfRow.one
            exact.withUnsafeBufferPointer { rounding.round($0, limit: limit, into: values) }
        }
        return nil
    }

    /// Leaves the `count` largest entries in `keys`, largest first.
    ///
    /// A key orders by value and then by lower index: the bits of a non-negative float ascend with
    /// its value, and the index is inverted. `keys` is a heap with its smallest key on top, so most
    /// classes cost one comparison.
    private mutating func selectLargest(_ row: UnsafePointer<Float>, _ count: Int) {
        keys.withUnsafeMutableBufferPointer { keys in
            func sink(_ start: Int, _ key: UInt64) {
                var hole = start
                while true {
                    var child = 2 * hole + 1
                    guard child < count else { break }
                    if child + 1 < count, keys[child + 1] < keys[child] { child += 1 }
                    guard keys[child] < key else { break }
                    keys[hole] = keys[child]
                    hole = child
                }
                keys[hole] = key
            }
            func key(_ index: Int) -> UInt64 {
                UInt64((row[index] + 0).bitPattern) << 32 | UInt64(~UInt32(index))
            }
            for index in 0..<count { keys[index] = key(index) }
            for start in stride(from: count / 2 - 1, through: 0, by: -1) {
                sink(start, keys[start])
            }
            for index in count..<classes {
                let candidate = key(index)
                if candidate > keys[0] { sink(0, candidate) }
            }
            keys.sort(by: >)
        }
    }
}
