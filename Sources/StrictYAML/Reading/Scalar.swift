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
