import CHDF5

extension HalfRow {
    /// Decodes a row of halves of every class to probabilities that sum to 1.
    ///
    /// - Returns: nil, or why this cannot be what a writer stored.
    static func decode(
        _ values: UnsafePointer<UInt16>, classes: Int, into out: UnsafeMutablePointer<Float>
    ) -> String? {
        let sum = chdf5_widen(values, out, classes)
        // Rounding loses under 1/500 even where every value is tiny. NaN fails, too.
        guard sum > 0.99, sum <= 1 else { return "its values sum to \(sum)" }
        let scale = 1 / sum
        var signs: UInt32 = 0
        for index in 0..<classes {
            out[index] *= scale
            signs |= out[index].bitPattern
        }
        return signs >> 31 == 0 ? nil : negative
    }

    /// What is wrong with a row of which a value has a sign: sums alone do not show it.
    private static let negative = "a value of it is negative"

    /// Decodes a row of the `count` most probable classes; the others share the remainder evenly.
    ///
    /// - Returns: nil, or why this cannot be what a writer stored.
    static func decode(
        _ values: UnsafePointer<UInt16>, _ indices: UnsafePointer<UInt16>, count: Int, classes: Int,
        into out: UnsafeMutablePointer<Float>
    ) -> String? {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { widened in
            guard let widened = widened.baseAddress else { return nil }
            let sum = chdf5_widen(values, widened, count)
            guard sum >= 0, sum <= 1 else { return "its values sum to \(sum)" }
            out.update(repeating: (1 - sum) / Float(classes - count), count: classes)
            var signs: UInt32 = 0
            for entry in 0..<count {
                let index = Int(indices[entry])
                guard index < classes else { return "it names class \(index) of \(classes)" }
                out[index] = widened[entry]
                signs |= widened[entry].bitPattern
            }
            return signs >> 31 == 0 ? nil : negative
        }
    }
}
