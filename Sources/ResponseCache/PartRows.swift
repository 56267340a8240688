import CHDF5

/// The rows of one part as they lie in its file.
struct PartRows: Sendable {
    let encoding: RowEncoding
    let classes: Int
    let rows: Int
    /// Halves, `[rows, classes]` or `[rows, K]`.
    var values: [UInt16]
    /// Class indices `[rows, K]`; empty when dense.
    var indices: [UInt16]

    /// Encodes rows of probabilities.
    ///
    /// - Parameters:
    ///   - probabilities: `[rows, classes]`.
    ///   - name: what to call a row in an error, by its index in the part.
    /// - Throws: `CacheError` for a row with NaN, infinity or a negative value, or a sum that is
    ///   not 1.
    init(
        encoding: RowEncoding, classes: Int, rows: Int,
        probabilities: UnsafeBufferPointer<Float>, name: (Int) -> String
    ) throws(CacheError) {
        precondition(
            probabilities.count == rows * classes,
            "\(probabilities.count) probabilities for \(rows) rows of \(classes) classes")
        self.encoding = encoding
        self.classes = classes
        self.rows = rows
        let entries = encoding.entries(classes: classes)
        values = [UInt16](repeating: 0, count: rows * entries)
        indices = encoding == .dense ? [] : [UInt16](repeating: 0, count: rows * entries)
        guard let source = probabilities.baseAddress else { return }
        var encoder = RowEncoder(encoding: encoding, classes: classes)
        let fault: (row: Int, reason: String)? = values.withUnsafeMutableBufferPointer { values in
            indices.withUnsafeMutableBufferPointer { indices in
                guard let target = values.baseAddress else { return nil }
                for row in 0..<rows {
                    let reason = encoder.encode(
                        source + row * classes, values: target + row * entries,
                        indices: indices.baseAddress.map { $0 + row * entries })
                    if let reason { return (row, reason) }
                }
                return nil
            }
        }
        if let fault { throw CacheError("\(name(fault.row)): \(fault.reason)") }
    }

    /// Rows as read from a file: `values` and `indices` as the encoding lays them out.
    init(encoding: RowEncoding, classes: Int, rows: Int, values: [UInt16], indices: [UInt16]) {
        self.encoding = encoding
        self.classes = classes
        self.rows = rows
        self.values = values
        self.indices = indices
    }

    /// Decodes rows to probabilities that sum to 1 (to float32 rounding).
    ///
    /// - Parameters:
    ///   - range: rows of this part.
    ///   - out: receives `[range.count, classes]`.
    /// - Returns: nil, or the first row that cannot be what a writer stored, and why.
    func decode(
        _ range: Range<Int>, into out: UnsafeMutablePointer<Float>
    ) -> (row: Int, reason: String)? {
        values.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return nil }
            switch encoding {
            case .dense:
                return decodeDense(range, values, into: out)
            case .topK(let count):
                return indices.withUnsafeBufferPointer { indices in
                    guard let indices = indices.baseAddress else { return nil }
                    return decodeTopK(range, count, values, indices, into: out)
                }
            }
        }
    }

    private func decodeDense(
        _ range: Range<Int>, _ values: UnsafePointer<UInt16>, into out: UnsafeMutablePointer<Float>
    ) -> (row: Int, reason: String)? {
        var out = out
        for row in range {
            let sum = chdf5_widen(values + row * classes, out, classes)
            // Rounding loses under 1/500 even where every value is tiny. NaN fails, too.
            guard sum > 0.99, sum <= 1 else { return (row, "its values sum to \(sum)") }
            let scale = 1 / sum
            for index in 0..<classes { out[index] *= scale }
            out += classes
        }
        return nil
    }

    private func decodeTopK(
        _ range: Range<Int>, _ count: Int, _ values: UnsafePointer<UInt16>,
        _ indices: UnsafePointer<UInt16>, into out: UnsafeMutablePointer<Float>
    ) -> (row: Int, reason: String)? {
        var out = out
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { widened in
            guard let widened = widened.baseAddress else { return nil }
            for row in range {
                let sum = chdf5_widen(values + row * count, widened, count)
                guard sum >= 0, sum <= 1 else { return (row, "its values sum to \(sum)") }
                let share = (1 - sum) / Float(classes - count)
                out.update(repeating: share, count: classes)
                let rowIndices = indices + row * count
                for entry in 0..<count {
                    let index = Int(rowIndices[entry])
                    guard index < classes else {
                        return (row, "it names class \(index) of \(classes)")
                    }
                    out[index] = widened[entry]
                }
                out += classes
            }
            return nil
        }
    }
}
