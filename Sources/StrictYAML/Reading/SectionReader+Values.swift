extension SectionReader {
    /// A text that is not empty.
    package func string(_ key: String) throws(YAMLError) -> String { try value(key, .text) }

    /// A text of letters, digits, `.`, `_` and `-`: fit for a file name.
    package func word(_ key: String) throws(YAMLError) -> String { try value(key, .word) }

    /// A path, made absolute from the folder of the file that names it.
    package func path(_ key: String) throws(YAMLError) -> String { try value(key, .path) }

    /// A whole number in `range`.
    package func integer(
        _ key: String, _ range: ClosedRange<Int>, default fallback: Int? = nil
    ) throws(YAMLError) -> Int {
        if let fallback, !has(key) { return fallback }
        return try value(key, .integer(in: range))
    }

    /// A number within `bounds`.
    package func number(
        _ key: String, _ bounds: NumberBounds, default fallback: Double? = nil
    ) throws(YAMLError) -> Double {
        if let fallback, !has(key) { return fallback }
        return try value(key, .number(in: bounds))
    }

    package func unsigned(_ key: String) throws(YAMLError) -> UInt64 { try value(key, .unsigned) }

    package func interval(
        _ key: String, _ bounds: NumberBounds
    ) throws(YAMLError) -> ClosedRange<Double> { try value(key, .interval(in: bounds)) }

    package func integerInterval(
        _ key: String, _ range: ClosedRange<Int>, default fallback: ClosedRange<Int>
    ) throws(YAMLError) -> ClosedRange<Int> {
        has(key) ? try value(key, .integers(in: range)) : fallback
    }

    package func boolean(_ key: String, default fallback: Bool) throws(YAMLError) -> Bool {
        has(key) ? try value(key, .boolean) : fallback
    }

    /// A number within `bounds`, or `nil` for `none` or an absent key.
    package func optionalNumber(
        _ key: String, _ bounds: NumberBounds
    ) throws(YAMLError) -> Double? {
        has(key) ? try value(key, .orNone(.number(in: bounds))) : nil
    }

    /// A list of `count` numbers, each within `bounds`.
    package func numbers(
        _ key: String, count: Int, _ bounds: NumberBounds
    ) throws(YAMLError) -> [Double] {
        try value(key, .numbers(count, in: bounds))
    }

    /// One of an enumeration's names.
    package func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ key: String, default fallback: Choice? = nil
    ) throws(YAMLError) -> Choice where Choice.RawValue == String {
        if let fallback, !has(key) { return fallback }
        return try value(key, .choice)
    }

    /// The index of the value in `names`.
    package func choice(
        _ key: String, of names: [String], default fallback: Int? = nil
    ) throws(YAMLError) -> Int {
        if let fallback, !has(key) { return fallback }
        return try value(
            key,
            Form<Int>(
                expected: "one of \(names.joined(separator: ", "))",
                parse: { node in
                    guard case .scalar(let text, _) = node.content else { return nil }
                    return names.firstIndex(of: text)
                }, write: { names[$0] }))
    }

    /// The text of `key`, or `nil` for `none`.
    package func optionalString(_ key: String, expected: String) throws(YAMLError) -> String? {
        try value(key, Self.optionalText(expected: expected))
    }

    /// As `optionalString`, of a name: one that other readers take for a number needs quotes.
    package func optionalName(_ key: String, expected: String) throws(YAMLError) -> String? {
        let form = Self.optionalText(expected: expected)
        return try value(
            key,
            Form<String?>(
                expected: expected,
                read: { (node, name) throws(YAMLError) in
                    guard let text = try form.read(node, name) else { return nil }
                    guard case .scalar(_, plain: true) = node.content, YAMLText.isAmbiguous(text)
                    else { return text }
                    let message = node.mismatch(name, expected).message
                    throw node.place.error("\(message): put it in quotes")
                }, write: form.write))
    }

    private static func optionalText(expected: String) -> Form<String?> {
        Form(
            expected: expected,
            read: { (node, name) throws(YAMLError) in
                if node.isNone { return nil }
                guard case .scalar(let text, _) = node.content, !text.isEmpty else {
                    throw node.mismatch(name, expected)
                }
                return text
            }, write: { $0.map { YAMLText.scalar($0) } ?? "none" })
    }
}
