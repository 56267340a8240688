/// Reads one mapping of a recipe strictly: every key is known, present, of its type and in range.
struct SectionReader {
    /// The section's dotted path, empty for the whole file.
    let path: String
    /// What the whole file is, for messages: "recipe".
    let noun: String
    /// Where the section starts.
    let place: Place
    private let entries: [String: SourcedNode.Entry]

    /// - Throws: `RecipeError` if `node` is no mapping, or has a key that is not in `known`.
    init(
        _ node: SourcedNode, path: String = "", noun: String, known: [String]
    ) throws(RecipeError) {
        self.path = path
        self.noun = noun
        self.place = node.place
        let title = path.isEmpty ? "the \(noun)" : path
        guard case .mapping(let entries) = node.content else {
            throw node.place.error("\(title): expected a mapping, found \(node.shown)")
        }
        for entry in entries where !known.contains(entry.key) {
            throw entry.keyPlace.error(
                "unknown key '\(SourcedNode.oneLine(entry.key))' in \(title); known: "
                    + known.sorted().joined(separator: ", "))
        }
        self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0) })
    }

    // MARK: Sections

    /// The required subsection `key`.
    func section(_ key: String, known: [String]) throws(RecipeError) -> SectionReader {
        try SectionReader(
            value(key, expected: "a mapping"), path: dotted(key), noun: noun, known: known)
    }

    /// The subsection `key`, or `nil` if it is `none`, or absent where that is allowed.
    func optionalSection(
        _ key: String, known: [String], mayBeAbsent: Bool = false
    ) throws(RecipeError) -> SectionReader? {
        if mayBeAbsent, entries[key] == nil { return nil }
        let expected = "a mapping or none"
        let node = try value(key, expected: expected)
        guard !node.isNone else { return nil }
        guard case .mapping = node.content else { throw mismatch(key, node, expected) }
        return try SectionReader(node, path: dotted(key), noun: noun, known: known)
    }

    /// The list `key` of at least `least` subsections, or `nil` if it is `none` or absent.
    func optionalSections(
        _ key: String, atLeast least: Int, known: [String]
    ) throws(RecipeError) -> [SectionReader]? {
        guard let node = entries[key]?.value, !node.isNone else { return nil }
        guard case .list(let items) = node.content, items.count >= least else {
            throw mismatch(key, node, "a list of at least \(least) mappings, or none")
        }
        var sections: [SectionReader] = []
        for (index, item) in items.enumerated() {
            sections.append(
                try SectionReader(
                    item, path: "\(dotted(key))[\(index)]", noun: noun, known: known))
        }
        return sections
    }

    /// Refuses keys that mean nothing beside another value; `none` is let through, so that a file
    /// can take back what the file it extends says.
    func refuse(_ keys: [String], because reason: String) throws(RecipeError) {
        for key in keys {
            guard let entry = entries[key], !entry.value.isNone else { continue }
            throw entry.keyPlace.error(
                "\(dotted(key)) \(reason); remove it, or set it to none")
        }
    }

    // MARK: Values

    /// A text that is not empty.
    func string(_ key: String) throws(RecipeError) -> String {
        let expected = "a text"
        let node = try value(key, expected: expected)
        guard case .scalar(let text, _) = node.content, !text.isEmpty, !node.isNone else {
            throw mismatch(key, node, expected)
        }
        try requireText(key, node, expected)
        return text
    }

    /// A text of letters, digits, `.`, `_` and `-`: fit for a file name.
    func word(_ key: String) throws(RecipeError) -> String {
        let text = try string(key)
        let isWord = text.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || $0 == "." || $0 == "_" || $0 == "-"
        }
        guard isWord, !text.hasPrefix(".") else {
            throw try mismatch(
                key, value(key, expected: ""), "a name of letters, digits, '.', '_' and '-'")
        }
        return text
    }

    /// A path, made absolute from the folder of the file that names it.
    func path(_ key: String) throws(RecipeError) -> String {
        let text = try string(key)
        let place = try value(key, expected: "a path").place
        guard !text.hasPrefix("~") else {
            throw place.error("\(dotted(key)): '~' is not expanded; write the path in full")
        }
        return FilePaths.joined(place.directory, text)
    }

    /// A whole number in `range`.
    func integer(
        _ key: String, _ range: ClosedRange<Int>, default fallback: Int? = nil
    ) throws(RecipeError) -> Int {
        if let fallback, entries[key] == nil { return fallback }
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        let node = try value(key, expected: expected)
        guard let number = Scalar.integer(node, as: Int.self), range.contains(number) else {
            throw mismatch(key, node, expected)
        }
        return number
    }

    /// A whole number of 64 bits without sign.
    func unsigned(_ key: String) throws(RecipeError) -> UInt64 {
        let expected = "a whole number from 0 to \(UInt64.max)"
        let node = try value(key, expected: expected)
        guard let number = Scalar.integer(node, as: UInt64.self) else {
            throw mismatch(key, node, expected)
        }
        return number
    }

    /// A number within `bounds`.
    func number(
        _ key: String, _ bounds: NumberBounds, default fallback: Double? = nil
    ) throws(RecipeError) -> Double {
        if let fallback, entries[key] == nil { return fallback }
        let node = try value(key, expected: bounds.phrase)
        guard let number = Scalar.number(node), bounds.contains(number) else {
            throw mismatch(key, node, bounds.phrase)
        }
        return number
    }

    /// A number within `bounds`, or `nil` for `none` or an absent key.
    func optionalNumber(_ key: String, _ bounds: NumberBounds) throws(RecipeError) -> Double? {
        guard let node = entries[key]?.value, !node.isNone else { return nil }
        guard let number = Scalar.number(node), bounds.contains(number) else {
            throw mismatch(key, node, "\(bounds.phrase), or none")
        }
        return number
    }

    /// A list of `count` numbers, each within `bounds`.
    func numbers(
        _ key: String, count: Int, _ bounds: NumberBounds
    ) throws(RecipeError) -> [Double] {
        let expected = "a list of \(count), each \(bounds.phrase)"
        let node = try value(key, expected: expected)
        guard case .list(let items) = node.content, items.count == count else {
            throw mismatch(key, node, expected)
        }
        var numbers: [Double] = []
        for item in items {
            guard let number = Scalar.number(item), bounds.contains(number) else {
                throw item.place.error("\(dotted(key)): expected \(expected), found \(item.shown)")
            }
            numbers.append(number)
        }
        return numbers
    }

    /// A list of two numbers within `bounds`, the lower one first.
    func interval(
        _ key: String, _ bounds: NumberBounds
    ) throws(RecipeError) -> ClosedRange<Double> {
        let ends = try numbers(key, count: 2, bounds)
        guard ends[0] <= ends[1] else {
            throw error(key, "\(dotted(key)): the first number must not exceed the second")
        }
        return ends[0]...ends[1]
    }

    /// A whole number within `range`, or a list of two, the lower one first.
    func integerInterval(
        _ key: String, _ range: ClosedRange<Int>, default fallback: ClosedRange<Int>? = nil
    ) throws(RecipeError) -> ClosedRange<Int> {
        if let fallback, entries[key] == nil { return fallback }
        let each = "from \(range.lowerBound) to \(range.upperBound)"
        let expected = "a whole number \(each), or a list of two"
        let node = try value(key, expected: expected)
        var items = [node, node]
        if case .list(let listed) = node.content { items = listed }
        guard items.count == 2 else { throw mismatch(key, node, expected) }
        var ends: [Int] = []
        for item in items {
            guard let number = Scalar.integer(item, as: Int.self), range.contains(number) else {
                throw item.place.error("\(dotted(key)): expected \(expected), found \(item.shown)")
            }
            ends.append(number)
        }
        guard ends[0] <= ends[1] else {
            throw error(key, "\(dotted(key)): the first number must not exceed the second")
        }
        return ends[0]...ends[1]
    }

    /// `true` or `false`.
    func boolean(_ key: String, default fallback: Bool? = nil) throws(RecipeError) -> Bool {
        if let fallback, entries[key] == nil { return fallback }
        let node = try value(key, expected: "true or false")
        switch node.content {
        case .scalar("true", plain: true): return true
        case .scalar("false", plain: true): return false
        default: throw mismatch(key, node, "true or false")
        }
    }

    /// One of an enumeration's names.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, default fallback: Choice? = nil
    ) throws(RecipeError) -> Choice where Choice.RawValue == String {
        if let fallback, entries[key] == nil { return fallback }
        let names = Choice.allCases.map(\.rawValue)
        let index = try choice(key, of: names)
        return Choice.allCases[
            Choice.allCases.index(Choice.allCases.startIndex, offsetBy: index)]
    }

    /// The index of the value in `names`.
    func choice(
        _ key: String, of names: [String], default fallback: Int? = nil
    ) throws(RecipeError) -> Int {
        if let fallback, entries[key] == nil { return fallback }
        let expected = "one of \(names.joined(separator: ", "))"
        let node = try value(key, expected: expected)
        guard case .scalar(let text, _) = node.content, let index = names.firstIndex(of: text)
        else { throw mismatch(key, node, expected) }
        return index
    }

    /// The text of `key`, or `nil` for `none` (and for an absent key where that is allowed).
    func optionalString(
        _ key: String, expected: String, mayBeAbsent: Bool = false
    ) throws(RecipeError) -> String? {
        if mayBeAbsent, entries[key] == nil { return nil }
        let node = try value(key, expected: expected)
        if node.isNone { return nil }
        guard case .scalar(let text, _) = node.content, !text.isEmpty else {
            throw mismatch(key, node, expected)
        }
        return text
    }

    /// As `optionalString`, of a name: one that other readers take for a number needs quotes.
    func optionalName(_ key: String, expected: String) throws(RecipeError) -> String? {
        guard let name = try optionalString(key, expected: expected) else { return nil }
        try requireText(key, value(key, expected: expected), expected)
        return name
    }

    // MARK: Errors

    /// Refuses a plain word that YAML makes a number, a truth value or a date of.
    private func requireText(
        _ key: String, _ node: SourcedNode, _ expected: String
    ) throws(RecipeError) {
        guard case .scalar(let text, plain: true) = node.content, YAMLText.isAmbiguous(text) else {
            return
        }
        throw node.place.error("\(mismatch(key, node, expected).message): put it in quotes")
    }

    /// An error at the value of `key`, or at the section where the key is absent.
    func error(_ key: String, _ message: String) -> RecipeError {
        (entries[key]?.value.place ?? place).error(message)
    }

    /// `key` with the section's path before it.
    func dotted(_ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    private func value(_ key: String, expected: String) throws(RecipeError) -> SourcedNode {
        guard let entry = entries[key] else {
            let title = path.isEmpty ? "the \(noun)" : path
            throw place.error("missing key '\(key)' in \(title): \(expected)")
        }
        return entry.value
    }

    private func mismatch(
        _ key: String, _ node: SourcedNode, _ expected: String
    ) -> RecipeError {
        node.place.error("\(dotted(key)): expected \(expected), found \(node.shown)")
    }
}
