import CHDF5
import Foundation

/// Responses in an HDF5 file that another program wrote: one dataset, a row for each image.
package struct ForeignResponses: Sendable {
    /// What the numbers of a row are.
    package enum Values: Sendable {
        /// Any finite numbers; their softmax is the response.
        case logits
        /// Shares that sum to 1 ± 0.001.
        case probabilities
    }

    /// The file.
    package let path: String
    /// The dataset within it.
    package let dataset: String
    /// Fixed views of each image; 1 for a dataset `[images, classes]`.
    package let views: Int
    /// Rows of each view.
    package let images: Int
    /// Numbers in each row.
    package let classes: Int

    private let file: ForeignFile
    private let rows: ForeignDataset
    private let values: Values
    private let temperature: Double

    /// Files besides `path` in which the responses lie: sources of a virtual dataset, or where a
    /// link led.
    package var sources: [String] { rows.sources }

    private var rank: Int { rows.shape.count }

    /// Opens a file and looks at the dataset's type and shape.
    ///
    /// - Parameters:
    ///   - dataset: float16, 32 or 64, `[images, classes]` or `[views, images, classes]`.
    ///   - temperature: divides logits; probabilities are raised to its inverse and normalised,
    ///     which is the same.
    /// - Throws: `CacheError`, one line, for a file that cannot be read or a dataset of another
    ///   type or shape.
    package init(
        path: String, dataset: String, values: Values, temperature: Double
    ) throws(CacheError) {
        precondition(temperature > 0, "temperature \(temperature)")
        self.path = path
        self.dataset = dataset
        self.values = values
        self.temperature = temperature
        file = try ForeignFile(path: path)
        rows = try ForeignDataset(dataset, in: file)
        let (shape, rank) = (rows.shape, rows.shape.count)
        guard rows.kind == CHDF5_FLOAT, [16, 32, 64].contains(rows.bits) else {
            throw CacheError(
                "\(path): dataset '\(dataset)' is of \(Self.noun(rows)), not of float16, float32 or "
                    + "float64 numbers")
        }
        guard [2, 3].contains(rank) else {
            throw CacheError(
                "\(path): dataset '\(dataset)' has shape \(shape); expected [images, classes] "
                    + "or [views, images, classes]")
        }
        guard shape.allSatisfy({ (1...100_000_000).contains($0) }), shape.last ?? 0 > 1 else {
            throw CacheError(
                "\(path): dataset '\(dataset)' has shape \(shape); expected at least one "
                    + "image and two classes")
        }
        views = rank == 3 ? shape[0] : 1
        images = shape[rank - 2]
        classes = shape[rank - 1]
    }

    private static func noun(_ dataset: ForeignDataset) -> String {
        switch dataset.kind {
        case CHDF5_FLOAT: "float\(dataset.bits)"
        case CHDF5_STRING: "texts"
        // bfloat16 has no type in HDF5 or numpy, and is often kept so.
        case CHDF5_INTEGER where dataset.bits == 16: "integers of 16 bits (bfloat16?)"
        case CHDF5_INTEGER: "integers"
        default: "something else"
        }
    }

    /// Reads the names that rows go by.
    ///
    /// - Parameter name: a dataset of `images` texts, of fixed or variable length.
    /// - Throws: `CacheError` if it is another type or shape, or a name appears twice.
    package func keys(_ name: String) throws(CacheError) -> [String] {
        let found = try ForeignDataset(name, in: file)
        guard found.kind == CHDF5_STRING, found.shape == [images] else {
            throw CacheError(
                "\(path): dataset '\(name)' is not the \(images) texts that dataset "
                    + "'\(dataset)' needs as keys")
        }
        if let gap = found.gap {
            throw CacheError("\(path): dataset '\(name)', row \(gap[0]): was never written")
        }
        let keys = try found.strings(count: images)
        var rows: [String: Int] = [:]
        for (row, key) in keys.enumerated() {
            if let other = rows.updateValue(row, forKey: key) {
                throw CacheError(
                    "\(path): dataset '\(name)' has the key '\(key)' in row \(other) and again in "
                        + "row \(row)")
            }
        }
        return keys
    }

    /// Reads every row and checks that it can be a response.
    ///
    /// - Parameters:
    ///   - keys: names of the rows for errors, if there are any.
    ///   - progress: told how many of how many rows are done; what it throws ends the check.
    /// - Throws: `CacheError` naming the row, and its key, that was never written, that has NaN,
    ///   infinity or one value for all classes, or as probabilities a negative value or a sum that
    ///   is not 1; or saying that all rows are probabilities or percentages, where they are to be
    ///   logits.
    /// - Returns: a line for what can be read and is odd.
    @discardableResult
    package func validate(
        keys: [String]?, progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> [String] {
        if let gap = rows.gap {
            let (view, row) = (rank == 3 ? gap[0] : 0, gap[rank - 2])
            throw CacheError("\(name(view, row, keys?[row])): was never written")
        }
        let block = max(1, (1 << 20) / classes)
        var (areDistributions, arePercentages, areAlike) = (true, true, true)
        var first: ArraySlice<Double>?
        for view in 0..<views {
            for begin in stride(from: 0, to: images, by: block) {
                let numbers = begin..<min(begin + block, images)
                let read = try rows.rows(numbers, view: view)
                for row in numbers {
                    let start = (row - begin) * classes
                    let values = read[start..<start + classes]
                    try check(values) { name(view, row, keys?[row]) }
                    areDistributions = areDistributions && Self.areShares(values, of: 1)
                    arePercentages = arePercentages && Self.areShares(values, of: 100)
                    areAlike = areAlike && first?.elementsEqual(values) ?? true
                    first = first ?? values
                }
                try progress(view * images + numbers.upperBound, views * images)
            }
        }
        if values == .logits, areDistributions {
            throw CacheError(
                "\(path): dataset '\(dataset)': no number is negative, and each row sums to 1: these "
                    + "are probabilities", cause: .foreign(.probabilities))
        }
        if values == .logits, arePercentages {
            throw CacheError(
                "\(path): dataset '\(dataset)': no number is negative, and each row sums to 100: "
                    + "these are percentages", cause: .foreign(.percentages))
        }
        guard areAlike, views * images > 1 else { return [] }
        return [
            "\(path): dataset '\(dataset)': all \(views * images) rows are the same, so that every image "
                + "has the same response; is this the dataset that was meant?"
        ]
    }

    /// The responses of some rows of one view, with the temperature applied.
    ///
    /// - Returns: `[rows.count, classes]` in the order of `rows`, each a distribution.
    /// - Throws: `CacheError` as `validate`, or if a file changed since it was opened.
    package func probabilities(view: Int, rows wanted: [Int]) throws(CacheError) -> [Double] {
        precondition((0..<views).contains(view), "view \(view) of \(views)")
        // Each is read once and in order, so that a chunk of many rows is decoded once.
        let numbers = Set(wanted).sorted()
        let places = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { ($1, $0) })
        let raw = try rows.rows(numbers, view: view)
        var out: [Double] = []
        out.reserveCapacity(wanted.count * classes)
        for row in wanted {
            let place = places[row] ?? 0
            let values = raw[place * classes..<(place + 1) * classes]
            try check(values) { name(view, row, nil) }
            out += response(values)
        }
        return out
    }

    /// softmax(z / T), or p^(1/T) normalised: the same for z = ln p.
    private func response(_ row: ArraySlice<Double>) -> [Double] {
        let weights: [Double]
        switch values {
        case .logits:
            let largest = row.max() ?? 0
            weights = row.map { exp(($0 - largest) / temperature) }
        case .probabilities:
            // Divided by the largest first, so that no power of a small T vanishes for all.
            let largest = row.max() ?? 1
            weights = row.map { pow($0 / largest, 1 / temperature) }
        }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// Checks that a row can be a response.
    ///
    /// - Parameter name: what to call it.
    private func check(
        _ row: ArraySlice<Double>, _ name: () -> String
    ) throws(CacheError) {
        func fault(_ reason: String, _ cause: CacheError.Cause = .damaged) -> CacheError {
            CacheError("\(name()): \(reason)", cause: cause)
        }
        let (noun, plural) =
            values == .logits ? ("logit", "logits") : ("probability", "probabilities")
        for (index, value) in row.enumerated() where !value.isFinite {
            // Swift would print the payload, too.
            throw fault("the \(noun) of class \(index) is \(value.isNaN ? .nan : value)")
        }
        // Two classes can come out alike in float16; a row that nobody wrote is 0.
        if let first = row.first, first == 0 || classes > 2, row.allSatisfy({ $0 == first }) {
            throw fault("all \(classes) \(plural) are \(Float(first)): was it written?")
        }
        guard values == .probabilities else { return }
        if let index = row.firstIndex(where: { $0 < 0 }) {
            throw fault(
                "the probability of class \(index - row.startIndex) is \(row[index])",
                .foreign(.perhapsLogits))
        }
        if Self.areShares(row, of: 1) { return }
        let sum = "the probabilities sum to \(Float(row.reduce(0, +))), not to 1"
        throw Self.areShares(row, of: 100)
            ? fault("\(sum): these are percentages, divide them by 100")
            : fault(sum, .foreign(.perhapsLogits))
    }

    /// Whether no number is negative and their sum is this one, but for rounding.
    private static func areShares(_ row: ArraySlice<Double>, of whole: Double) -> Bool {
        row.allSatisfy { $0 >= 0 } && abs(row.reduce(0, +) / whole - 1) <= RowCheck.tolerance
    }

    private func name(_ view: Int, _ row: Int, _ key: String?) -> String {
        let place = rank == 3 ? "view \(view), row \(row)" : "row \(row)"
        return "\(path): dataset '\(dataset)', \(place)" + (key.map { " ('\($0)')" } ?? "")
    }
}
