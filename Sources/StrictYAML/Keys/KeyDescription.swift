/// What the documentation says of a key.
package struct KeyDescription: Sendable, Equatable {
    package var name: String
    /// What the value is: "a number from 0 to 1".
    package var value: String
    /// What it is where the key is absent; `nil` where it must not be.
    package var standard: String?
    /// What it means, with its unit; one sentence without its full stop.
    package var summary: String
    /// The keys of a section; empty for a value.
    package var section: [KeyDescription] = []
    /// With which values of the section's choice the key has a meaning; empty where it always has.
    package var choices: [String] = []
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
                key.standard.map { $0 == "none" ? $0 : "`\($0)`" } ?? "required",
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
