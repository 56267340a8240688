/// The interval that a number must lie in, and how a message says it.
package struct NumberBounds: Sendable {
    var lower: Double
    var upper: Double
    var includesLower = true
    var includesUpper = true

    package static func range(_ range: ClosedRange<Double>) -> NumberBounds {
        NumberBounds(lower: range.lowerBound, upper: range.upperBound)
    }

    /// Above `lower`, up to `upper`.
    package static func above(_ lower: Double, to upper: Double) -> NumberBounds {
        NumberBounds(lower: lower, upper: upper, includesLower: false)
    }

    private static let smallest = 1e-30
    private static let largest = 1e30

    /// 0…1.
    package static let share = NumberBounds(lower: 0, upper: 1)
    /// Above 0, up to 1.
    package static let positiveShare = above(0, to: 1)
    /// 0 up to, but not, 1.
    package static let belowOne = NumberBounds(lower: 0, upper: 1, includesUpper: false)
    /// Above 0, and neither 0 nor infinite as a 32-bit number.
    package static let positive = NumberBounds(lower: smallest, upper: largest)
    /// 0 and above, as far as `positive` goes.
    package static let nonNegative = NumberBounds(lower: 0, upper: largest)
    /// What pixels are divided by: beside a number that is nearly 0 they would be infinite.
    package static let deviation = range(1e-3...1e3)
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

/// YAML's plain scalars, read as narrowly as they can be: decimal numbers only, no `yes`, no octal.
enum Scalar {
    /// A decimal whole number without leading zeros.
    static func integer<Number: FixedWidthInteger>(
        _ node: SourcedNode, as type: Number.Type
    ) -> Number? {
        guard case .scalar(let text, plain: true) = node.content else { return nil }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }),
            digits.count == 1 || !digits.hasPrefix("0")
        else { return nil }
        return Number(text)
    }

    /// A finite decimal number.
    static func number(_ node: SourcedNode) -> Double? {
        guard case .scalar(let text, plain: true) = node.content,
            text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }),
            let value = Double(text), value.isFinite
        else { return nil }
        return value
    }
}
