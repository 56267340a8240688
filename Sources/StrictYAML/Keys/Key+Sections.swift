extension Key where Owner: Section {
    /// How a subsection is written.
    package enum Style: Sendable {
        /// A line each key.
        case block
        /// All in one line: `{a: 1, b: 2}`.
        case flow
    }

    /// A subsection; each of its keys has a part in the fingerprint by itself.
    package static func section<Value: Section>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, _ summary: String
    ) -> Key {
        Key(
            name: name, names: [name],
            read: { (section, owner) throws(YAMLError) in
                owner[keyPath: path] = try section.section(name)
            },
            write: { [.init(name, .block($0[keyPath: path].entries()))] },
            fields: { owner, section in
                owner[keyPath: path].fields(under: section.isEmpty ? name : "\(section).\(name)")
            },
            descriptions: [
                KeyDescription(
                    name: name, value: "a mapping", summary: summary,
                    section: Value.descriptions)
            ])
    }

    /// A subsection that `none` switches off; as a whole it is one field of a fingerprint.
    ///
    /// - Parameter hasDefault: Whether it may be absent, which switches it off as well.
    package static func optionalSection<Value: Section>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value?> & Sendable,
        style: Style = .block, hasDefault: Bool = false, field: Field = .always, _ summary: String
    ) -> Key {
        Key(
            name, expected: "a mapping or none",
            read: { (section, owner) throws(YAMLError) in
                owner[keyPath: path] = try section.optionalSection(name, mayBeAbsent: hasDefault)
            },
            write: { owner in
                guard let value = owner[keyPath: path] else { return YAMLValue.none }
                return style == .flow ? .flow(value.entries()) : .block(value.entries())
            },
            hasDefault: hasDefault, field: field, section: Value.descriptions, summary)
    }
}
