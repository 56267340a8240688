import CHDF5

/// Rounds a row of probabilities to float16 so that its sum never exceeds a limit.
///
/// Every half in 0…1 is a whole number of units of 2⁻²⁴, so sums and limits here are exact integers.
struct HalfRow {
    /// 1.0 in units of 2⁻²⁴.
    static let one = 1 << 24

    private struct Candidate {
        var index: Int
        /// What one step down takes away, in units.
        var step: Int
        /// How far the rounded value lies above the exact one, in units.
        var excess: Double
    }

    private var candidates: [Candidate] = []

    /// A half in 0…1, given by its bits, in units of 2⁻²⁴.
    static func units(_ bits: UInt16) -> Int {
        let exponent = Int(bits >> 10)
        let mantissa = Int(bits & 0x3ff)
        return exponent == 0 ? mantissa : (1024 + mantissa) << (exponent - 1)
    }

    /// Rounds probabilities to the nearest halves, then steps some down until they fit the limit.
    ///
    /// A positive probability stays positive (at least one unit), so that the divergence of the
    /// exact row from the stored one is finite. Values that were rounded up are stepped down first,
    /// each once and so by less than a unit in its last place, the largest steps that fit before
    /// smaller ones: that changes the fewest entries and overshoots least.
    ///
    /// - Parameters:
    ///   - exact: probabilities with a sum of at most 1 (to float64 rounding).
    ///   - limit: the largest allowed sum, in units.
    ///   - bits: receives the halves; as many as `exact`.
    mutating func round(
        _ exact: UnsafeBufferPointer<Double>, limit: Int, into bits: UnsafeMutablePointer<UInt16>
    ) {
        var total = 0
        for index in exact.indices {
            var half = Float16(exact[index]).bitPattern
            if half == 0, exact[index] > 0 { half = 1 }
            bits[index] = half
            total += Self.units(half)
        }
        if total > limit { lower(exact, by: total - limit, bits) }
    }

    private mutating func lower(
        _ exact: UnsafeBufferPointer<Double>, by surplus: Int, _ bits: UnsafeMutablePointer<UInt16>
    ) {
        var surplus = surplus
        candidates.removeAll(keepingCapacity: true)
        for index in exact.indices where bits[index] > 1 {
            let units = Self.units(bits[index])
            let excess = Double(units) - exact[index] * Double(Self.one)
            guard excess > 0 else { continue }
            let step = units - Self.units(bits[index] - 1)
            candidates.append(Candidate(index: index, step: step, excess: excess))
        }
        candidates.sort {
            ($1.step, $1.excess, $0.index) < ($0.step, $0.excess, $1.index)
        }
        var smallestLeft: Candidate?
        for candidate in candidates {
            if candidate.step <= surplus {
                bits[candidate.index] -= 1
                surplus -= candidate.step
            } else {
                smallestLeft = candidate
            }
        }
        // What was passed over was larger than the surplus, then and so now.
        if surplus > 0, let candidate = smallestLeft {
            bits[candidate.index] -= 1
            surplus = 0
        }
        // Only where many tiny values were raised to one unit: the largest pay for them.
        while surplus > 0 {
            var largest = 0
            for index in exact.indices where bits[index] > bits[largest] { largest = index }
            surplus -= Self.units(bits[largest]) - Self.units(bits[largest] - 1)
            bits[largest] -= 1
        }
    }
}

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
