/// The interval that a number must lie in, and how a message says it.
package struct NumberBounds: Sendable {
    var lower: Double
    var upper: Double
    var includesLower = true
    var includesUpper = true

    package init(
        lower: Double, upper: Double, includesLower: Bool = true, includesUpper: Bool = true
    ) {
        self.lower = lower
        self.upper = upper
        self.includesLower = includesLower
        self.includesUpper = includesUpper
    }

    package static func range(_ range: ClosedRange<Double>) -> NumberBounds {
        NumberBounds(lower: range.lowerBound, upper: range.upperBound)
    }

    private static let smallest = 1e-30
    private static let largest = 1e30

    /// 0…1.
    package static let share = NumberBounds(lower: 0, upper: 1)
    /// Above 0, up to 1.
    package static let positiveShare = NumberBounds(lower: 0, upper: 1, includesLower: false)
    /// 0 up to, but not, 1.
    package static let belowOne = NumberBounds(lower: 0, upper: 1, includesUpper: false)
    /// Above 0, and neither 0 nor infinite as a 32-bit number.
    package static let positive = NumberBounds(lower: smallest, upper: largest)
    /// 0 and above, as far as `positive` goes.
    package static let nonNegative = NumberBounds(lower: 0, upper: largest)
    /// 0…100.
    package static let percentage = NumberBounds(lower: 0, upper: 100)

    package func contains(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        let above = includesLower ? value >= lower : value > lower
        return above && (includesUpper ? value <= upper : value < upper)
    }

    /// What the documentation says: as an error, but for bounds that only keep numbers in 32 bits.
    var title: String {
        if lower == Self.smallest { return "a number above 0" }
        return upper == Self.largest ? "a number of at least 0" : phrase
    }

    package var phrase: String {
        let start = includesLower ? "at least" : "above"
        let from = YAMLText.scalar(lower)
        guard upper.isFinite else {
            return includesLower ? "a number of at least \(from)" : "a number above \(from)"
        }
        let to = YAMLText.scalar(upper)
        switch (includesLower, includesUpper) {
        case (true, true): return "a number from \(from) to \(to)"
        case (true, false): return "a number of \(start) \(from) and below \(to)"
        case (false, true): return "a number \(start) \(from) and at most \(to)"
        case (false, false): return "a number \(start) \(from) and below \(to)"
        }
    }
}
