import CHDF5
import Foundation

/// Responses in an HDF5 file that another program wrote: one dataset, a row for each image.
public struct ForeignResponses: Sendable {
    /// What the numbers of a row are.
    public enum Values: Sendable {
        /// Any finite numbers; their softmax is the response.
        case logits
        /// Shares that sum to 1 ± 0.001.
        case probabilities
    }

    /// The file.
    public let path: String
    /// The dataset within it.
    public let dataset: String
    /// Fixed views of each image; 1 for a dataset `[images, classes]`.
    public let views: Int
    /// Rows of each view.
    public let images: Int
    /// Numbers in each row.
    public let classes: Int

    private let rank: Int
    private let values: Values
    private let temperature: Double

    /// Opens a file and looks at the dataset's type and shape.
    ///
    /// - Parameters:
    ///   - dataset: float16, 32 or 64, `[images, classes]` or `[views, images, classes]`.
    ///   - temperature: divides logits; probabilities are raised to its inverse and normalised,
    ///     which is the same.
    /// - Throws: `CacheError`, one line, for a file that cannot be read or a dataset of another
    ///   type or shape.
    public init(
        path: String, dataset: String, values: Values, temperature: Double
    ) throws(CacheError) {
        precondition(temperature > 0, "temperature \(temperature)")
        self.path = path
        self.dataset = dataset
        self.values = values
        self.temperature = temperature
        let found = try HDF5File.open(path: path) { file throws(CacheError) in
            try file.describe(dataset)
        }
        guard found.kind == CHDF5_FLOAT, [16, 32, 64].contains(found.bits) else {
            throw CacheError(
                "\(path): dataset '\(dataset)' is not of float16, float32 or float64 numbers")
        }
        guard [2, 3].contains(found.shape.count) else {
            throw CacheError(
                "\(path): dataset '\(dataset)' has shape \(found.shape); expected [images, classes] "
                    + "or [views, images, classes]")
        }
        guard found.shape.allSatisfy({ (1...100_000_000).contains($0) }), found.shape.last ?? 0 > 1
        else {
            throw CacheError(
                "\(path): dataset '\(dataset)' has shape \(found.shape); expected at least one "
                    + "image and two classes")
        }
        rank = found.shape.count
        views = rank == 3 ? found.shape[0] : 1
        images = found.shape[rank - 2]
        classes = found.shape[rank - 1]
    }

    /// Reads the names that rows go by.
    ///
    /// - Parameter name: a dataset of `images` texts, of fixed or variable length.
    /// - Throws: `CacheError` if it is another type or shape, or a name appears twice.
    public func keys(_ name: String) throws(CacheError) -> [String] {
        let keys = try HDF5File.open(path: path) { file throws(CacheError) in
            let found = try file.describe(name)
            guard found.kind == CHDF5_STRING, found.shape == [images] else {
                throw CacheError(
                    "\(path): dataset '\(name)' is not the \(images) texts that dataset "
                        + "'\(dataset)' needs as keys")
            }
            return try file.strings(name, count: images)
        }
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
    /// - Throws: `CacheError` naming the row, and its key, that has NaN or infinity, or as
    ///   probabilities a negative value or a sum that is not 1.
    public func validate(
        keys: [String]?, progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws {
        let block = max(1, (1 << 20) / classes)
        for view in 0..<views {
            for first in stride(from: 0, to: images, by: block) {
                let rows = first..<min(first + block, images)
                let read = try HDF5File.open(path: path) { file throws(CacheError) in
                    try file.block(dataset, start: place(view, first), count: extent(rows.count))
                }
                for row in rows {
                    let start = (row - first) * classes
                    if let reason = fault(of: read[start..<start + classes]) {
                        throw CacheError("\(name(view, row, keys?[row])): \(reason)")
                    }
                }
                try progress(view * images + rows.upperBound, views * images)
            }
        }
    }

    /// The responses of some rows of one view, with the temperature applied.
    ///
    /// - Returns: `[rows.count, classes]` in the order of `rows`, each a distribution.
    /// - Throws: `CacheError` as `validate`.
    public func probabilities(view: Int, rows: [Int]) throws(CacheError) -> [Double] {
        precondition((0..<views).contains(view), "view \(view) of \(views)")
        let raw = try HDF5File.open(path: path) { file throws(CacheError) in
            var all: [Double] = []
            all.reserveCapacity(rows.count * classes)
            for row in rows {
                all += try file.block(dataset, start: place(view, row), count: extent(1))
            }
            return all
        }
        var out: [Double] = []
        out.reserveCapacity(raw.count)
        for (index, row) in rows.enumerated() {
            let values = raw[index * classes..<(index + 1) * classes]
            if let reason = fault(of: values) {
                throw CacheError("\(name(view, row, nil)): \(reason)")
            }
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

    private func fault(of row: ArraySlice<Double>) -> String? {
        let noun = values == .logits ? "logit" : "probability"
        var sum = 0.0
        for (index, value) in row.enumerated() {
            guard value.isFinite, values == .logits || value >= 0 else {
                return "the \(noun) of class \(index) is \(value)"
            }
            sum += value
        }
        guard values == .probabilities, abs(sum - 1) > 1e-3 else { return nil }
        return "the probabilities sum to \(Float(sum)), not to 1"
    }

    private func name(_ view: Int, _ row: Int, _ key: String?) -> String {
        let place = rank == 3 ? "view \(view), row \(row)" : "row \(row)"
        return "\(path): dataset '\(dataset)', \(place)" + (key.map { " ('\($0)')" } ?? "")
    }

    private func place(_ view: Int, _ row: Int) -> [Int] {
        rank == 3 ? [view, row, 0] : [row, 0]
    }

    private func extent(_ rows: Int) -> [Int] { rank == 3 ? [1, rows, classes] : [rows, classes] }
}
