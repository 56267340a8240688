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
