/// Stores rows as halves: every class, or the K most probable.
///
/// Encoding is a pure function of the row: the same probabilities give the same bytes.
struct HalfRowEncoder: RowEncoder {
    /// The K of top-K; nil for every class.
    private let topK: Int?
    private let classes: Int
    private var values: [UInt16] = []
    private var indices: [UInt16] = []
    private var rounding = HalfRow()
    private var selection = LargestClasses()
    /// The exact values to round: float64, normalised.
    private var exact: [Double]
    private var decoded: [Float]

    init(topK: Int?, classes: Int) {
        self.topK = topK
        self.classes = classes
        exact = [Double](repeating: 0, count: topK ?? classes)
        decoded = [Float](repeating: 0, count: classes)
    }

    mutating func append(
        _ row: UnsafeBufferPointer<Float>, sum: Double, positive: Int
    ) -> (divergence: Double, entries: Int) {
        var limit = HalfRow.one
        if let topK {
            selection.select(topK, of: row)
            for entry in 0..<topK {
                indices.append(UInt16(selection[entry]))
                // + 0 turns -0, whose bits would sort above everything, into 0; below likewise.
                exact[entry] = Double(row[selection[entry]]) / sum + 0
            }
            // One unit stays for the unstored classes where they hold anything.
            if positive > topK { limit -= 1 }
        } else {
            for index in 0..<classes { exact[index] = Double(row[index]) / sum + 0 }
        }
        let start = values.count
        values.append(contentsOf: repeatElement(0, count: exact.count))
        values.withUnsafeMutableBufferPointer { values in
            exact.withUnsafeBufferPointer { exact in
                guard let target = values.baseAddress else { return }
                rounding.round(exact, limit: limit, into: target + start)
            }
        }
        decodeRow(from: start)
        let divergence = Divergence.of(row.lazy.map { Double($0) / sum }, from: decoded)
        return (divergence, exact.count)
    }

    private mutating func decodeRow(from start: Int) {
        let fault = decoded.withUnsafeMutableBufferPointer { decoded -> String? in
            values.withUnsafeBufferPointer { values in
                indices.withUnsafeBufferPointer { indices in
                    guard let out = decoded.baseAddress, let values = values.baseAddress else {
                        return nil
                    }
                    guard let topK, let indices = indices.baseAddress else {
                        return HalfRow.decode(values + start, classes: classes, into: out)
                    }
                    return HalfRow.decode(
                        values + start, indices + start, count: topK, classes: classes, into: out)
                }
            }
        }
        precondition(fault == nil, "what was just encoded can be decoded")
    }

    var storage: PartRows.Storage {
        topK.map { .topK($0, values: values, indices: indices) } ?? .dense(values: values)
    }
}

/// Finds the most probable classes of rows, with memory that it keeps from row to row.
struct LargestClasses {
    private var keys: [UInt64] = []

    /// The class at a rank of the last selection, most probable first, equals by lower index.
    subscript(rank: Int) -> Int { Int(~UInt32(truncatingIfNeeded: keys[rank])) }

    /// Selects the `count` largest of a row's values, none of them negative.
    ///
    /// A key orders by value and then by lower index: the bits of a non-negative float ascend with
    /// its value, and the index is inverted. `keys` is a heap with its smallest key on top, so most
    /// classes cost one comparison.
    mutating func select(_ count: Int, of row: UnsafeBufferPointer<Float>) {
        let classes = row.count
        precondition((1...classes).contains(count), "\(count) of \(classes) classes")
        keys.removeAll(keepingCapacity: true)
        // + 0 turns -0, whose bits would sort above everything, into 0.
        func key(_ index: Int) -> UInt64 {
            UInt64((row[index] + 0).bitPattern) << 32 | UInt64(~UInt32(index))
        }
        for index in 0..<count { keys.append(key(index)) }
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
