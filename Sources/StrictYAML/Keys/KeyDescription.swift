/// What the documentation says of a key.
package struct KeyDescription: Sendable, Equatable {
    package var name: String
    /// What the value is: "a number from 0 to 1".
    package var value: String
    package var standard: Standard
    /// What it means, with its unit; one sentence without its full stop.
    package var summary: String
    /// The keys of a section; empty for a value.
    package var section: [KeyDescription] = []
    /// With which values of the section's choice the key has a meaning; empty where it always has.
    package var choices: [String] = []

    /// What a key is where it is absent.
    package enum Standard: Sendable, Equatable {
        /// It must not be absent.
        case required
        /// A value as it would be written; `nil` where there is none.
        case written(YAMLValue?)
        /// A section that is read as if it had no keys.
        case ofKeys
        /// What a rule of the file makes of other keys or of what the file is about; in words.
        case derived(String)

        /// In one line.
        package var text: String {
            switch self {
            case .required: "required"
            case .written(let value): value?.inline ?? YAMLValue.none.inline
            case .ofKeys: "that of its keys"
            case .derived(let rule): rule
            }
        }

        /// In one cell of a table.
        fileprivate var cell: String {
            guard case .written(let value?) = self, value != .none else { return text }
            return "`\(text)`"
        }
    }
}

extension [KeyDescription] {
    /// The same keys, of which those that rules derive say so.
    ///
    /// - Parameters:
    ///   - rules: What derives a key, in words, by its dotted path.
    ///   - path: The dotted path of the section that has the keys; empty for a file.
    package func derived(by rules: [String: String], under path: String = "") -> Self {
        map { key in
            var key = key
            let full = path.isEmpty ? key.name : "\(path).\(key.name)"
            if let rule = rules[full] { key.standard = .derived(rule) }
            key.section = key.section.derived(by: rules, under: full)
            return key
        }
    }

    /// Every key with its dotted path, sections before their keys.
    package func flattened(under path: String = "") -> [(path: String, key: KeyDescription)] {
        flatMap { key in
            let full = path.isEmpty ? key.name : "\(path).\(key.name)"
            return [(full, key)] + key.section.flattened(under: full)
        }
    }
}

extension [KeyDescription] {
    /// The keys in Markdown: a table, then a heading and a table for each section among them.
    ///
    /// - Parameters:
    ///   - path: The dotted path of the section that has them; empty for a file.
    ///   - depth: How many hashes a heading of a file's sections has.
    package func markdown(under path: String = "", depth: Int = 2) -> String {
        var blocks = [table(under: path)]
        for key in self where !key.section.isEmpty {
            let full = path.isEmpty ? key.name : "\(path).\(key.name)"
            blocks.append("\(String(repeating: "#", count: depth)) \(full)")
            blocks.append("\(key.sentence)")
            blocks.append(key.section.markdown(under: full, depth: depth + 1))
        }
        return blocks.joined(separator: "\n\n")
    }

    private func table(under path: String) -> String {
        let rows = map { key in
            // A heading's anchor is its text without points.
            let anchor = "\(path)\(key.name)".replacing(".", with: "")
            let with = key.choices.map { "`\($0)`" }.joined(separator: ", ")
            let cells = [
                "`\(key.name)`", key.section.isEmpty ? key.value : "[\(key.value)](#\(anchor))",
                key.standard.cell,
                with.isEmpty ? key.summary : "with \(with): \(key.summary)",
            ]
            return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")
                + " |"
        }
        return (["| key | value | default | meaning |", "|---|---|---|---|"] + rows)
            .joined(separator: "\n")
    }
}

extension KeyDescription {
    /// The summary as a sentence.
    fileprivate var sentence: String { summary.prefix(1).uppercased() + summary.dropFirst() + "." }
}
