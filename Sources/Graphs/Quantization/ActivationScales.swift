import Base
import Torch

/// Looks at what values a graph's integer layers take, in order to spread 8 bits over them.
package enum ActivationScales {
    /// Bins of the values' counts: eight for each integer.
    private static let bins = 2048

    /// The scales of every value that becomes integers.
    ///
    /// The images are seen twice: first for the values' ranges, then for their counts.
    ///
    /// - Parameters:
    ///   - batches: how many batches there are.
    ///   - batch: one of them, as the graph's input, the same each time.
    /// - Throws: `TorchError` if a value is not finite; what `batch` throws.
    package static func measured(
        of graph: Graph, over batches: Int, _ batch: (Int) throws -> Tensor
    ) throws -> [String: ActivationScale] {
        var ranges: [String: ClosedRange<Double>] = [:]
        try visit(graph, batches, batch) { name, value in
            let found = try value.extremes()
            guard found.lowerBound.isFinite, found.upperBound.isFinite else {
                throw TorchError(
                    operation: "int8", message: "\(name.quoted): a value is not finite")
            }
            let range = ranges[name] ?? found
            ranges[name] =
                min(range.lowerBound, found.lowerBound)...max(range.upperBound, found.upperBound)
        }
        var counts = ranges.mapValues { _ in [Double](repeating: 0, count: bins) }
        try visit(graph, batches, batch) { name, value in
            guard let range = ranges[name], range.lowerBound < range.upperBound else { return }
            let found = try value.histogram(bins: bins, in: range)
            for (bin, count) in found.enumerated() { counts[name]?[bin] += Double(count) }
        }
        return ranges.reduce(into: [:]) { scales, value in
            scales[value.key] = ActivationScale(
                range: value.value, counts: counts[value.key] ?? [])
        }
    }

    /// Computes the graph for each batch, and shows each value that becomes integers once.
    private static func visit(
        _ graph: Graph, _ batches: Int, _ batch: (Int) throws -> Tensor,
        _ show: (String, Tensor) throws -> Void
    ) throws {
        let values = graph.integerValues
        for index in 0..<batches {
            let images = try batch(index)
            try withoutGrad {
                var course = GraphCourse(graph, images)
                var shown: Set<String> = []
                while let (node, inputs) = try course.advance() {
                    for (name, value) in zip(node.inputs, inputs)
                    where values.contains(name) && shown.insert(name).inserted {
                        try show(name, value)
                    }
                }
            }
        }
    }
}
