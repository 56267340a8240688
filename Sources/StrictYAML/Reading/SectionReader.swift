/// Reads one mapping of a recipe strictly: every key is known, of its type and in range, and present
/// unless it has a default.
package struct SectionReader: Sendable {
    /// The section's dotted path, empty for the whole file.
    package let path: String
    /// What the whole file is, for messages: "recipe".
    let noun: String
    /// Where the section starts.
    package let place: Place
    /// Where errors are noted; `nil` where the first one ends the reading.
    package let findings: Findings?
    private let entries: [String: SourcedNode.Entry]

    /// - Parameter findings: takes the errors of what is read, so that the reading goes on.
    /// - Throws: `YAMLError` if `node` is no mapping, or has a key that is not in `known`.
    package init(
        _ node: SourcedNode, path: String = "", noun: String, known: [String],
        findings: Findings? = nil
    ) throws(YAMLError) {
        self.path = path
        self.noun = noun
        self.place = node.place
        self.findings = findings
        guard case .mapping(let entries) = node.content else {
            let title = path.isEmpty ? "the \(noun)" : path
            throw node.place.error("\(title): expected a mapping, found \(node.shown)")
        }
        self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0) })
        for entry in entries where !known.contains(entry.key) {
            try note(
                entry.keyPlace.error(
                    "unknown key '\(SourcedNode.oneLine(entry.key))' in \(title); known: "
                        + known.sorted().joined(separator: ", ")),
                unsound: path)
        }
    }

    /// A section that is not there: it has no key.
    private init(absent key: String, in section: SectionReader) {
        path = section.dotted(key)
        noun = section.noun
        place = section.place
        findings = section.findings
        entries = [:]
    }

    private var title: String { path.isEmpty ? "the \(noun)" : path }

    /// Whether the section has the key, with whatever value.
    package func has(_ key: String) -> Bool { entries[key] != nil }

    /// Whether a key is in the file.
    ///
    /// - Parameter key: A key of this section or, dotted, one of a section in it.
    package func states(_ key: String) -> Bool {
        var entries = Array(entries.values)
        for part in key.split(separator: ".") {
            guard let entry = entries.first(where: { $0.key == part }) else { return false }
            guard case .mapping(let inner) = entry.value.content else {
                entries = []
                continue
            }
            entries = inner
        }
        return true
    }

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

    /// The subsection `key`; one without keys if it is absent, where that is allowed.
    package func section(
        _ key: String, known: [String], mayBeAbsent: Bool = false
    ) throws(YAMLError) -> SectionReader {
        if mayBeAbsent, !has(key) { return SectionReader(absent: key, in: self) }
        return try SectionReader(
            node(key, expected: "a mapping"), path: dotted(key), noun: noun, known: known,
            findings: findings)
    }

    /// The subsection `key` of which everything was read before: only for the places of errors.
    func knownSection(_ key: String) -> SectionReader {
        guard let entry = entries[key], case .mapping(let inner) = entry.value.content,
            let section = try? SectionReader(
                entry.value, path: dotted(key), noun: noun, known: inner.map(\.key),
                findings: findings)
        else { return SectionReader(absent: key, in: self) }
        return section
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
        return try SectionReader(
            node, path: dotted(key), noun: noun, known: known, findings: findings)
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
            let path = "\(dotted(key))[\(index)]"
            do {
                sections.append(
                    try SectionReader(
                        item, path: path, noun: noun, known: known, findings: findings))
            } catch {
                try note(error, unsound: dotted(key))
            }
        }
        return sections
    }

    /// Refuses keys that mean nothing beside another value; `none` is let through, so that a file
    /// can take back what the file it extends says.
    package func refuse(_ keys: [String], because reason: String) throws(YAMLError) {
        for key in keys {
            guard let entry = entries[key], !entry.value.isNone else { continue }
            try note(
                entry.keyPlace.error("\(dotted(key)) \(reason); remove it, or set it to none"))
        }
    }

    // MARK: Errors

    /// Notes an error where errors are collected.
    ///
    /// - Parameter key: The dotted path of what means nothing because of it, if anything.
    /// - Throws: The error, where the first one ends the reading.
    package func note(_ error: YAMLError, unsound key: String? = nil) throws(YAMLError) {
        guard let findings else { throw error }
        // Nothing is to be said of a whole file because of one of its keys.
        findings.add(error, unsound: key.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// What `read` makes of a key of the section; `nil` where its error is noted.
    ///
    /// - Throws: What `read` throws, where the first error ends the reading.
    package func noting<Value>(
        _ key: String, _ read: (SectionReader) throws(YAMLError) -> Value
    ) throws(YAMLError) -> Value? {
        do { return try read(self) } catch {
            try note(error, unsound: dotted(key))
            return nil
        }
    }

    /// Whether a key of this section, or one in a section of it, could be read.
    package func isSound(_ key: String) -> Bool { findings?.isSound(dotted(key)) ?? true }

    /// Checks what must hold between keys, unless one of them could not be read.
    ///
    /// - Parameter keys: Those of this section or, dotted, of sections in it.
    /// - Throws: What `body` throws, where the first error ends the reading.
    package func check(
        _ keys: String..., body: () throws(YAMLError) -> Void
    ) throws(YAMLError) {
        try check(keys, body: body)
    }

    /// The same for a list of keys.
    package func check(
        _ keys: [String], body: () throws(YAMLError) -> Void
    ) throws(YAMLError) {
        guard keys.allSatisfy(isSound) else { return }
        do { try body() } catch { try note(error) }
    }

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
            throw place.error("missing key '\(key)' in \(title): \(expected)")
        }
        return entry.value
    }
}
