import CHDF5

/// The rows of one part as they lie in its file.
struct PartRows: Sendable, Equatable {
    /// What the datasets hold.
    enum Storage: Sendable, Equatable {
        /// Halves of every class, `[rows, classes]`.
        case dense(values: [UInt16])
        /// Halves and class indices, `[rows, K]`.
        case topK(Int, values: [UInt16], indices: [UInt16])
        /// Packed rows and how many classes each stores; where each row starts, and the end.
        case bounded(BoundedLayout, entries: [UInt8], packed: [UInt8], starts: [Int])
    }

    let encoding: RowEncoding
    let classes: Int
    let rows: Int
    var storage: Storage

    /// Encodes rows of probabilities.
    ///
    /// - Parameters:
    ///   - probabilities: `[rows, classes]`.
    ///   - name: what to call a row in an error, by its index in the part.
    /// - Returns: the rows, and what was lost.
    /// - Throws: `CacheError` for a row with NaN, infinity or a negative value, or a sum that is
    ///   not 1.
    static func encoding(
        _ encoding: RowEncoding, classes: Int, rows: Int,
        probabilities: UnsafeBufferPointer<Float>, name: (Int) -> String
    ) throws(CacheError) -> (rows: PartRows, statistics: RowStatistics) {
        precondition(
            probabilities.count == rows * classes,
            "\(probabilities.count) probabilities for \(rows) rows of \(classes) classes")
        guard let source = probabilities.baseAddress else { preconditionFailure("no rows") }
        func checked(_ row: Int) throws(CacheError) -> (sum: Double, positive: Int) {
            switch RowCheck.sum(of: source + row * classes, classes: classes) {
            case .success(let found): return found
            case .failure(let fault): throw CacheError("\(name(row)): \(fault.reason)")
            }
        }
        var statistics = RowStatistics()
        if case .bounded(let maxKL) = encoding {
            let layout = BoundedLayout(maxKL: maxKL, classes: classes)
            var encoder = BoundedEncoder(layout: layout, maxKL: maxKL)
            for row in 0..<rows {
                let divergence = encoder.append(source + row * classes, sum: try checked(row).sum)
                statistics.add(
                    divergence: divergence, entries: layout.stored(entries: encoder.entries[row]))
            }
            let rows = PartRows(
                layout: layout, encoding: encoding, entries: encoder.entries,
                packed: encoder.packed.bytes)
            statistics.bytes = rows.bytes
            return (rows, statistics)
        }
        var topK: Int?
        if case .topK(let count) = encoding { topK = count }
        let count = topK ?? classes
        var encoder = HalfRowEncoder(topK: topK, classes: classes)
        var values = [UInt16](repeating: 0, count: rows * count)
        var indices = [UInt16](repeating: 0, count: topK == nil ? 0 : rows * count)
        for row in 0..<rows {
            let (sum, positive) = try checked(row)
            values.withUnsafeMutableBufferPointer { values in
                indices.withUnsafeMutableBufferPointer { indices in
                    guard let target = values.baseAddress else { return }
                    encoder.encode(
                        source + row * classes, sum: sum, positive: positive,
                        values: target + row * count,
                        indices: topK == nil ? nil : indices.baseAddress.map { $0 + row * count })
                }
            }
        }
        let part = PartRows(
            encoding: encoding, classes: classes, rows: rows,
            storage: topK.map { .topK($0, values: values, indices: indices) }
                ?? .dense(values: values))
        part.measure(against: source, into: &statistics)
        return (part, statistics)
    }

    /// Rows of encoding `bounded`.
    init(layout: BoundedLayout, encoding: RowEncoding, entries: [UInt8], packed: [UInt8]) {
        self.init(
            encoding: encoding, classes: layout.classes, rows: entries.count,
            storage: .bounded(
                layout, entries: entries, packed: packed, starts: layout.starts(of: entries)))
    }

    /// Rows as they were stored.
    init(encoding: RowEncoding, classes: Int, rows: Int, storage: Storage) {
        self.encoding = encoding
        self.classes = classes
        self.rows = rows
        self.storage = storage
    }

    /// The bytes of the datasets, without the file's overhead.
    var bytes: Int {
        switch storage {
        case .dense(let values): 2 * values.count
        case .topK(_, let values, let indices): 2 * (values.count + indices.count)
        case .bounded(_, let entries, let packed, _): entries.count + packed.count
        }
    }

    /// Classes that each row stores, where all store as many.
    private var entriesPerRow: Int {
        if case .topK(let count, _, _) = storage { count } else { classes }
    }

    /// Adds up what the rows lose.
    private func measure(against source: UnsafePointer<Float>, into statistics: inout RowStatistics)
    {
        var decoded = [Float](repeating: 0, count: classes)
        for row in 0..<rows {
            let fault = decoded.withUnsafeMutableBufferPointer { decoded in
                decoded.baseAddress.flatMap { decode(row..<row + 1, into: $0) }
            }
            precondition(fault == nil, "what was just encoded can be decoded")
            let exact = UnsafeBufferPointer(start: source + row * classes, count: classes)
            let sum = exact.reduce(0) { $0 + Double($1) }
            statistics.add(
                divergence: Divergence.of(exact.map { Double($0) / sum }, from: decoded),
                entries: entriesPerRow)
        }
        statistics.bytes = bytes
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
        switch storage {
        case .dense(let values):
            return values.withUnsafeBufferPointer { values in
                values.baseAddress.flatMap { decodeDense(range, $0, into: out) }
            }
        case .topK(let count, let values, let indices):
            return values.withUnsafeBufferPointer { values in
                indices.withUnsafeBufferPointer { indices in
                    guard let values = values.baseAddress, let indices = indices.baseAddress
                    else { return nil }
                    return decodeTopK(range, count, values, indices, into: out)
                }
            }
        case .bounded(let layout, let entries, let packed, let starts):
            return packed.withUnsafeBufferPointer {
                decodeBounded(range, layout, entries, $0, starts, into: out)
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

    private func decodeBounded(
        _ range: Range<Int>, _ layout: BoundedLayout, _ entries: [UInt8],
        _ packed: UnsafeBufferPointer<UInt8>, _ starts: [Int],
        into out: UnsafeMutablePointer<Float>
    ) -> (row: Int, reason: String)? {
        var out = out
        for row in range {
            let bytes = UnsafeBufferPointer(rebasing: packed[starts[row]..<starts[row + 1]])
            if let reason = layout.decode(bytes, entries: Int(entries[row]), into: out) {
                return (row, reason)
            }
            out += classes
        }
        return nil
    }
}
