/// The interval that a number must lie in, and how a message says it.
struct NumberBounds {
    var lower: Double
    var upper: Double
    var includesLower = true
    var includesUpper = true

    /// 0…1.
    static let share = NumberBounds(lower: 0, upper: 1)
    /// Above 0, up to 1.
    static let positiveShare = NumberBounds(lower: 0, upper: 1, includesLower: false)
    /// 0 up to, but not, 1.
    static let belowOne = NumberBounds(lower: 0, upper: 1, includesUpper: false)
    /// Above 0.
    static let positive = NumberBounds(lower: 0, upper: .infinity, includesLower: false)
    /// 0 and above.
    static let nonNegative = NumberBounds(lower: 0, upper: .infinity)
    /// 0…100.
    static let percentage = NumberBounds(lower: 0, upper: 100)

    func contains(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        let above = includesLower ? value >= lower : value > lower
        return above && (includesUpper ? value <= upper : value < upper)
    }

    var phrase: String {
        let start = includesLower ? "at least" : "above"
        let from = Scalar.text(lower)
        guard upper.isFinite else {
            return includesLower ? "a number of at least \(from)" : "a number above \(from)"
        }
        let to = Scalar.text(upper)
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

    /// Whether another reader would take the plain text for something other than a text.
    static func isAmbiguous(_ text: String) -> Bool {
        let words = ["none", "null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"]
        return words.contains(text.lowercased()) || Double(text) != nil
    }

    /// A number that reads back to the same value, as YAML of any version understands it.
    static func text(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int(value))" }
        let text = "\(value)"
        guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
        return text[..<exponent] + ".0" + text[exponent...]
    }

    /// A text, quoted where any reader of YAML could take it for something else: `384`, `1_000`,
    /// `.inf`, `2024-01-01`, `on`.
    static func text(_ value: String) -> String {
        let begins = value.unicodeScalars.first.map {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || $0 == "/" || $0 == "_"
        }
        let plain = value.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || "._-/".unicodeScalars.contains($0)
        }
        if plain, begins == true, !isAmbiguous(value) { return value }
        var quoted = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where !isPrintable(scalar):
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Whether a scalar may stand in a quoted text as it is: YAML forbids control characters, and
    /// folds what it takes for the end of a line.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate, .unassigned: false
        default: scalar.value & 0xFFFE != 0xFFFE
        }
    }

    /// A list of numbers in YAML's flow style.
    static func text(_ values: [Double]) -> String {
        "[" + values.map { text($0) }.joined(separator: ", ") + "]"
    }
}
