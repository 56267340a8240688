/// The interval that a number must lie in, and how a message says it.
struct NumberBounds {
    var lower: Double
    var upper: Double
    var includesLower = true
    var includesUpper = true

    private static let smallest = 1e-30
    private static let largest = 1e30

    /// 0…1.
    static let share = NumberBounds(lower: 0, upper: 1)
    /// Above 0, up to 1.
    static let positiveShare = NumberBounds(lower: 0, upper: 1, includesLower: false)
    /// 0 up to, but not, 1.
    static let belowOne = NumberBounds(lower: 0, upper: 1, includesUpper: false)
    /// Above 0, and neither 0 nor infinite as a 32-bit number.
    static let positive = NumberBounds(lower: smallest, upper: largest)
    /// 0 and above, as far as `positive` goes.
    static let nonNegative = NumberBounds(lower: 0, upper: largest)
    /// 0…100.
    static let percentage = NumberBounds(lower: 0, upper: 100)

    func contains(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        let above = includesLower ? value >= lower : value > lower
        return above && (includesUpper ? value <= upper : value < upper)
    }

    var phrase: String {
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
