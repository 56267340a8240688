/// A value as it is written: what stands after its key.
package indirect enum YAMLValue: Sendable, Equatable {
    /// In one line, as it stands.
    case text(String)
    /// A mapping of one line: `{a: 1, b: 2}`.
    case flow([Entry])
    /// A mapping, a line each.
    case block([Entry])
    /// A list of mappings, each from a dash on.
    case list([[Entry]])

    package struct Entry: Sendable, Equatable {
        package var key: String
        package var value: YAMLValue

        package init(_ key: String, _ value: YAMLValue) {
            self.key = key
            self.value = value
        }
    }

    package static let none = YAMLValue.text("none")

    /// In one line, without braces around it.
    var inline: String {
        switch self {
        case .text(let text): text
        case .flow(let entries), .block(let entries):
            entries.map { "\($0.key): \($0.value.inline)" }.joined(separator: ", ")
        case .list(let items):
            "[" + items.map { "{\(YAMLValue.flow($0).inline)}" }.joined(separator: ", ") + "]"
        }
    }
}

extension [YAMLValue.Entry] {
    /// The entries as lines of YAML, each with its line feed.
    package var yaml: String { lines.map { $0 + "\n" }.joined() }

    private var lines: [String] {
        flatMap { entry in
            switch entry.value {
            case .text(let text): ["\(entry.key): \(text)"]
            case .flow: ["\(entry.key): {\(entry.value.inline)}"]
            case .block(let entries): ["\(entry.key):"] + entries.lines.map { "  \($0)" }
            case .list(let items):
                ["\(entry.key):"]
                    + items.flatMap { item in
                        item.lines.enumerated().map { $0 == 0 ? "  - \($1)" : "    \($1)" }
                    }
            }
        }
    }
}

/// Values as they stand in YAML that this program writes: recipes and teacher cards.
package enum YAMLText {
    /// A text as a scalar that readers of YAML, of any version, take for that text.
    ///
    /// Plain where that is safe; else in double quotes, with what no line may hold escaped.
    package static func scalar(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || "._-/".unicodeScalars.contains($0)
        }
        if isPlain, !value.hasPrefix("-"), !isAmbiguous(value) { return value }
        return value.unicodeScalars.reduce(into: "\"") { $0 += escaped($1) } + "\""
    }

    /// A finite number that reads back to the same value, as YAML of any version understands it.
    package static func scalar(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int(value))" }
        let text = "\(value)"
        guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
        return text[..<exponent] + ".0" + text[exponent...]
    }

    /// Numbers as a list in YAML's flow style.
    package static func list(_ values: [Double]) -> String {
        "[" + values.map { scalar($0) }.joined(separator: ", ") + "]"
    }

    /// Whether a reader of YAML 1.1 or 1.2 takes a plain text for something other than a text: a
    /// number in any notation, a truth value, nothing, a date, a time, or the end of the document.
    static func isAmbiguous(_ text: String) -> Bool {
        let words = [
            "", "none", "null", "~", "true", "false", "yes", "no", "on", "off", "y", "n", "...",
        ]
        let lower = text.lowercased()
        if words.contains(lower) { return true }
        // 7, 1_000, 1e-3, 0x1F, inf; of what YAML 1.1 knows besides: 0b11, .nan, 10:30, 2024-01-31.
        if !text.hasPrefix("_"), Double(lower.filter { $0 != "_" }) != nil { return true }
        return lower.wholeMatch(of: /[-+]?0[bo][0-7_]+/) != nil
            || lower.wholeMatch(of: /[-+]?\.(inf|nan)/) != nil
            || lower.wholeMatch(of: /[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?/) != nil
            || lower.wholeMatch(of: /[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t ].*)?/) != nil
    }

    /// A scalar of a text as it stands between double quotes.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        default: break
        }
        switch scalar.properties.generalCategory {
        // Line breaks, marks of direction, the byte order mark: kept, but not as they are.
        case .control, .lineSeparator, .paragraphSeparator, .format, .unassigned:
            let digits = String(scalar.value, radix: 16)
            let (letter, width) =
                scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
            return "\\\(letter)" + String(repeating: "0", count: width - digits.count) + digits
        default: return String(scalar)
        }
    }
}
