/// A name in which `#` stands for a number and `*`, at the end, for what is left of the name.
struct NamePattern: Sendable {
    /// The text before, between and after the numbers.
    private let texts: [Substring]
    /// What is subtracted from each number.
    private let offsets: [Int]
    private let isOpen: Bool

    init(_ pattern: String) {
        isOpen = pattern.hasSuffix("*")
        let pieces = (isOpen ? pattern.dropLast() : pattern[...])
            .split(separator: "#", omittingEmptySubsequences: false)
        offsets = pieces.dropFirst().map { $0.hasPrefix("-1") ? 1 : 0 }
        texts = zip(pieces, [0] + offsets).map { $0.dropFirst($1 == 0 ? 0 : 2) }
    }

    /// What the numbers and the end of a name are; nil of one that does not fit.
    func parts(of name: String) -> [Substring]? {
        var parts: [Substring] = []
        var rest = name[...]
        for (index, text) in texts.enumerated() {
            if index > 0 {
                let digits = rest.prefix { $0.isASCII && $0.isNumber }
                guard !digits.isEmpty else { return nil }
                parts.append(digits)
                rest = rest[digits.endIndex...]
            }
            guard rest.hasPrefix(text) else { return nil }
            rest = rest.dropFirst(text.count)
        }
        guard isOpen else { return rest.isEmpty ? parts : nil }
        return parts + [rest]
    }

    /// The name with these numbers and this end.
    func name(of parts: [Substring]) -> String {
        var name = String(texts[0])
        for (index, text) in texts.dropFirst().enumerated() {
            let number = parts[index]
            name += offsets[index] == 0 ? String(number) : "\((Int(number) ?? 0) - offsets[index])"
            name += text
        }
        return isOpen ? name + (parts.last ?? "") : name
    }
}
