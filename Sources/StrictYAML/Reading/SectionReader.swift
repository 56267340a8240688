/// Reads one mapping of a recipe strictly: every key is known, present, of its type and in range.
package struct SectionReader: Sendable {
    /// The section's dotted path, empty for the whole file.
    package let path: String
    /// What the whole file is, for messages: "recipe".
    let noun: String
    /// Where the section starts.
    package let place: Place
    private let entries: [String: SourcedNode.Entry]

    /// - Throws: `YAMLError` if `node` is no mapping, or has a key that is not in `known`.
    package init(
        _ node: SourcedNode, path: String = "", noun: String, known: [String]
    ) throws(YAMLError) {
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

    /// Whether the section has the key, with whatever value.
    package func has(_ key: String) -> Bool { entries[key] != nil }

    /// Whether the key's value is a mapping, where the section has the key.
    package func holdsMapping(_ key: String) -> Bool {
        guard case .mapping? = entries[key]?.value.content else { return false }
        return true
    }

    /// The value of a key in the form that it must have.
    package func value<Value>(_ key: String, _ form: Form<Value>) throws(YAMLError) -> Value {
        let node = try node(key, expected: form.expected)
        return try form.read(Given(node: node, name: dotted(key), expected: form.expected))
    }

    // MARK: Sections

    /// The required subsection `key`.
    package func section(_ key: String, known: [String]) throws(YAMLError) -> SectionReader {
        try SectionReader(
            node(key, expected: "a mapping"), path: dotted(key), noun: noun, known: known)
    }

    /// The subsection `key`, or `nil` if it is `none`, or absent where that is allowed.
    package func optionalSection(
        _ key: String, known: [String], mayBeAbsent: Bool = false
    ) throws(YAMLError) -> SectionReader? {
        if mayBeAbsent, !has(key) { return nil }
        let expected = "a mapping or none"
        let node = try node(key, expected: expected)
        guard !node.isNone else { return nil }
        guard case .mapping = node.content else {
            throw Given(node: node, name: dotted(key), expected: expected).mismatch()
        }
        return try SectionReader(node, path: dotted(key), noun: noun, known: known)
    }

    /// The list `key` of at least `least` subsections, or `nil` if it is `none` or absent.
    package func optionalSections(
        _ key: String, atLeast least: Int, known: [String]
    ) throws(YAMLError) -> [SectionReader]? {
        guard let node = entries[key]?.value, !node.isNone else { return nil }
        guard case .list(let items) = node.content, items.count >= least else {
            let expected = "a list of at least \(least) mappings, or none"
            throw Given(node: node, name: dotted(key), expected: expected).mismatch()
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
    package func refuse(_ keys: [String], because reason: String) throws(YAMLError) {
        for key in keys {
            guard let entry = entries[key], !entry.value.isNone else { continue }
            throw entry.keyPlace.error(
                "\(dotted(key)) \(reason); remove it, or set it to none")
        }
    }

    // MARK: Errors

    /// An error at the value of `key`, or at the innermost section of its path that there is.
    ///
    /// - Parameter key: A key of this section, or, dotted, one of a section in it.
    package func error(_ key: String, _ message: String) -> YAMLError {
        var (place, entries) = (place, Array(entries.values))
        for part in key.split(separator: ".") {
            guard let entry = entries.first(where: { $0.key == part }) else { break }
            place = entry.value.place
            guard case .mapping(let inner) = entry.value.content else { break }
            entries = inner
        }
        return place.error(message)
    }

    /// `key` with the section's path before it.
    package func dotted(_ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    private func node(_ key: String, expected: String) throws(YAMLError) -> SourcedNode {
        guard let entry = entries[key] else {
            let title = path.isEmpty ? "the \(noun)" : path
            throw place.error("missing key '\(key)' in \(title): \(expected)")
        }
        return entry.value
    }
}
