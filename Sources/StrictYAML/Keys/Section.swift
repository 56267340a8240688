/// A mapping of a YAML file as a value, its keys declared once.
///
/// Reader, writer, fingerprint and documentation walk `keys`, in their order; a new key is one line
/// there.
package protocol Section: Sendable {
    static var keys: [Key<Self>] { get }

    /// The values before any key is read: what a key with a default has where it is absent, unless
    /// a rule derives it, and stand-ins for the others.
    static var initial: Self { get }

    /// Checks what must hold between keys, once all of them are read and derived. What could not be
    /// read is a stand-in: `SectionReader.check` passes over it.
    ///
    /// - Parameter section: What they were read from, for the places of errors.
    func check(_ section: SectionReader) throws(YAMLError)
}

extension Section {
    package func check(_ section: SectionReader) throws(YAMLError) {}

    /// What the section's mapping may hold.
    package static var known: [String] { keys.flatMap(\.names) }

    /// What the documentation says of the keys.
    package static var descriptions: [KeyDescription] { keys.flatMap(\.descriptions) }

    /// Reads the section.
    ///
    /// - Parameter keys: Those that it has here, where they are not all.
    package init(_ section: SectionReader, keys: [Key<Self>] = keys) throws(YAMLError) {
        try self.init(unchecked: section, keys: keys)
        try checkAll(section, keys: keys)
    }

    /// Reads the section and those in it, and leaves what must hold between keys to `checkAll`: until
    /// then absent keys may be given other values.
    package init(
        unchecked section: SectionReader, keys: [Key<Self>] = keys
    ) throws(YAMLError) {
        self = .initial
        for key in keys {
            do { try key.read(section, &self) } catch {
                try section.note(error, unsound: section.dotted(key.name))
            }
        }
    }

    /// Checks what must hold between the keys of the sections in this one, then between its own.
    package func checkAll(
        _ section: SectionReader, keys: [Key<Self>] = keys
    ) throws(YAMLError) {
        for key in keys { try key.check(section, self) }
        do { try check(section) } catch { try section.note(error) }
    }

    /// The section as it is written.
    package func entries(keys: [Key<Self>] = keys) -> [YAMLValue.Entry] {
        keys.flatMap { $0.write(self) }
    }

    /// The section's share of a fingerprint.
    ///
    /// - Parameter path: The section's dotted path.
    package func fields(under path: String) -> [(name: String, value: String)] {
        Self.keys.flatMap { $0.fields(self, path) }
    }

    /// The share of some keys of a file in a fingerprint.
    package func fields(of names: Set<String>) -> [(name: String, value: String)] {
        Self.keys.filter { names.contains($0.name) }.flatMap { $0.fields(self, "") }
    }
}

extension SectionReader {
    /// The required subsection `key`.
    package func section<Value: Section>(
        _ key: String, keys: [Key<Value>] = Value.keys
    ) throws(YAMLError) -> Value {
        try Value(section(key, known: keys.flatMap(\.names)), keys: keys)
    }

}

extension Key where Owner: Section {
    /// How a subsection is written.
    package enum Style: Sendable {
        /// A line each key.
        case block
        /// All in one line: `{a: 1, b: 2}`.
        case flow
    }

    /// A subsection; each of its keys has a part in the fingerprint by itself.
    ///
    /// - Parameter hasDefault: Whether it may be absent, as if it had no keys.
    package static func section<Value: Section>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable,
        hasDefault: Bool = false, _ summary: String
    ) -> Key {
        Key(
            name: name, names: [name],
            read: { (section, owner) throws(YAMLError) in
                owner[keyPath: path] = try Value(
                    unchecked: section.section(
                        name, known: Value.known, mayBeAbsent: hasDefault))
            },
            check: { (section, owner) throws(YAMLError) in
                try owner[keyPath: path].checkAll(section.knownSection(name))
            },
            write: { [.init(name, .block($0[keyPath: path].entries()))] },
            fields: { owner, section in
                owner[keyPath: path].fields(under: section.isEmpty ? name : "\(section).\(name)")
            },
            descriptions: [
                KeyDescription(
                    name: name, value: "a mapping", standard: hasDefault ? .ofKeys : .required,
                    summary: summary, section: Value.descriptions)
            ])
    }

    /// A subsection that `none` switches off; as a whole it is one field of a fingerprint.
    ///
    /// - Parameter hasDefault: Whether it may be absent, and then is what `Owner` begins with.
    package static func optionalSection<Value: Section>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value?> & Sendable,
        style: Style = .block, hasDefault: Bool = false, field: Field = .always, _ summary: String
    ) -> Key {
        Key(
            name, expected: "a mapping or none",
            read: { (section, owner) throws(YAMLError) in
                if hasDefault, !section.has(name) { return }
                owner[keyPath: path] = nil
                if let own = try section.optionalSection(name, known: Value.known) {
                    owner[keyPath: path] = try Value(unchecked: own)
                }
            },
            check: { (section, owner) throws(YAMLError) in
                try owner[keyPath: path]?.checkAll(section.knownSection(name))
            },
            write: { owner in
                guard let value = owner[keyPath: path] else { return YAMLValue.none }
                return style == .flow ? .flow(value.entries()) : .block(value.entries())
            },
            hasDefault: hasDefault, field: field, section: Value.descriptions,
            standard: Owner.initial[keyPath: path] == nil ? nil : .ofKeys, summary)
    }
}
