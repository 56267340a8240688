/// How a file lays out a network's tensors, where it is not under the network's own names.
///
/// A network names its tensors as its reference implementation does. Another implementation gives
/// the same numbers other names, keeps in several tensors what is one here, or in one what are
/// several. A layout says so as data, name by name, in patterns: `#` stands for a number, and `*` at
/// the end for what is left. In a file's name they stand for what they stood for here, in their
/// order, and `#-1` for one less.
///
/// Constants that a network computes and a file may hold are named like its parameters.
package struct WeightLayout: Sendable {
    /// Whose files are laid out so, as messages list them.
    package let origins: [String]

    private let pieces: [(here: [NamePattern], file: [NamePattern])]
    private let ignored: [NamePattern]

    /// Lays out a network's tensors; those that no pattern names have their own names in the file.
    ///
    /// - Parameters:
    ///   - origins: whose files are laid out so.
    ///   - renamed: a tensor, and its name in the file.
    ///   - joined: a tensor, and those of the file that each hold an equal share of its rows, in
    ///     order.
    ///   - sliced: a tensor of the file, and those whose rows it holds, in order.
    ///   - ignored: tensors of the file that the network has no use for.
    package init(
        of origins: [String], renamed: KeyValuePairs<String, String> = [:],
        joined: KeyValuePairs<String, [String]> = [:],
        sliced: KeyValuePairs<String, [String]> = [:], ignored: [String] = []
    ) {
        self.origins = origins
        let all =
            renamed.map { ([$0.key], [$0.value]) } + joined.map { ([$0.key], $0.value) }
            + sliced.map { ($0.value, [$0.key]) }
        pieces = all.map { ($0.0.map(NamePattern.init), $0.1.map(NamePattern.init)) }
        self.ignored = ignored.map(NamePattern.init)
    }

    /// The same for names that follow from a network's dimensions: a tensor, and its name in the file.
    package init(of origins: [String], renaming names: [(String, String)]) {
        self.origins = origins
        pieces = names.map { ([NamePattern($0.0)], [NamePattern($0.1)]) }
        ignored = []
    }

    /// The layout of files that this program writes: every tensor under its own name.
    package static let own = WeightLayout(of: [])

    /// Whether every tensor has its own name.
    var isOwn: Bool { pieces.isEmpty }

    /// Tensors of a file and tensors of a network that hold the same rows, one after the other.
    struct Match {
        var file: [String]
        var here: [String]
    }

    /// Where a tensor of the network is found, and what else is found there.
    func match(for name: String) -> Match {
        for piece in pieces {
            for pattern in piece.here {
                guard let parts = pattern.parts(of: name) else { continue }
                return Match(
                    file: piece.file.map { $0.name(of: parts) },
                    here: piece.here.map { $0.name(of: parts) })
            }
        }
        return Match(file: [name], here: [name])
    }

    /// Whether a tensor of a file is none of the network's, and may be there all the same.
    func ignores(_ name: String) -> Bool {
        ignored.contains { $0.parts(of: name) != nil }
    }
}

extension Collection<WeightLayout> {
    /// Whose files are laid out so, as messages say it: `torchvision's, timm's or Hugging Face's`.
    var owners: String {
        let owners = flatMap(\.origins).map { "\($0)'s" }
            .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        guard let last = owners.last, owners.count > 1 else { return owners.first ?? "" }
        return "\(owners.dropLast().joined(separator: ", ")) or \(last)"
    }
}

/// A name in which `#` stands for a number and `*`, at the end, for what is left of the name.
private struct NamePattern {
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

/// What a wrapper of a network puts before every name: DistributedDataParallel's `module.`,
/// torch.compile's `_orig_mod.`, Lightning's `model.`, or several of them.
enum WrapperPrefix {
    /// The prefix, of whole parts of a name, that all names have and without which the most of them
    /// are expected; empty if a name is expected as it stands.
    static func common(to names: [String], isExpected: (String) -> Bool) -> String {
        guard let first = names.first, !names.contains(where: isExpected) else { return "" }
        var best = (prefix: "", fitting: 0)
        // No network is wrapped more often, and a hostile name may be a million dots.
        for end in first.indices.lazy.filter({ first[$0] == "." }).prefix(8) {
            let prefix = String(first[...end])
            guard names.allSatisfy({ $0.hasPrefix(prefix) }) else { break }
            let fitting = names.filter { isExpected($0.dropping(prefix)) }.count
            if fitting > best.fitting { best = (prefix, fitting) }
        }
        return best.prefix
    }
}

extension String {
    /// The text without a prefix, if it has it.
    func dropping(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
