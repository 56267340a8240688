/// A key of a section: all that is to be known of it, said once.
package struct Key<Owner>: Sendable {
    package let name: String
    /// What the section's mapping may hold because of this key: its name, as a rule.
    let names: [String]
    /// Reads the value from the section.
    let read: @Sendable (SectionReader, inout Owner) throws(YAMLError) -> Void
    /// Checks what must hold within the value, once every key of the file has one.
    let check: @Sendable (SectionReader, Owner) throws(YAMLError) -> Void
    /// What is written: one entry as a rule, none where the key is left out.
    let write: @Sendable (Owner) -> [YAMLValue.Entry]
    /// The key's share of a fingerprint, in a section of the given path.
    let fields: @Sendable (Owner, String) -> [(name: String, value: String)]
    /// What the documentation says: of the key or, where it stands for those of a choice, of each.
    package let descriptions: [KeyDescription]

    /// Whether, and how, a key is part of a fingerprint.
    package enum Field: Sendable {
        /// A field of the key's dotted path, with the value as it is written.
        case always
        /// The same, but none while the value is the default: what is older than the key stays valid.
        case whereSet
        /// The same with a text of the value's own.
        case text(@Sendable (Owner) -> String)
        case never
    }

    /// A key with a value of one line.
    ///
    /// - Parameters:
    ///   - hasDefault: Whether the key may be absent; it has the value of `Owner.initial` then, unless
    ///     a rule of the file derives it.
    ///   - field: Its part in a fingerprint, where its section has one.
    ///   - summary: What the value is, with its unit; one sentence without its full stop.
    package init<Value>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, _ form: Form<Value>,
        hasDefault: Bool = false, field: Field = .always, _ summary: String
    ) where Owner: Section {
        self.init(
            name, expected: form.title,
            read: { (section, owner) throws(YAMLError) in
                if hasDefault, !section.has(name) { return }
                owner[keyPath: path] = try section.value(name, form)
            },
            write: { .text(form.write($0[keyPath: path])) },
            hasDefault: hasDefault, field: field, summary)
    }

    /// A key that files of an earlier version lack: it is written, and part of a fingerprint, only
    /// where its value is not the default.
    package static func added<Value>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, _ form: Form<Value>,
        field: Field = .whereSet, _ summary: String
    ) -> Key where Owner: Section {
        let standard = form.write(Owner.initial[keyPath: path])
        return Key(
            name, expected: form.title,
            read: { (section, owner) throws(YAMLError) in
                guard section.has(name) else { return }
                owner[keyPath: path] = try section.value(name, form)
            },
            write: { owner in
                let text = form.write(owner[keyPath: path])
                return text == standard ? nil : .text(text)
            },
            hasDefault: true, field: field, standard: .written(.text(standard)), summary)
    }

    /// A key that is read and written in a way of its own.
    ///
    /// - Parameters:
    ///   - expected: What the value is, for the documentation.
    ///   - write: The value; `nil` leaves the key out.
    ///   - standard: What the documentation says of its default, if not what is written of it.
    package init(
        _ name: String, expected: String,
        read: @escaping @Sendable (SectionReader, inout Owner) throws(YAMLError) -> Void,
        check: @escaping @Sendable (SectionReader, Owner) throws(YAMLError) -> Void = {
            (_, _) throws(YAMLError) in
        },
        write: @escaping @Sendable (Owner) -> YAMLValue?, hasDefault: Bool = false,
        field: Field = .always, section: [KeyDescription] = [],
        standard: KeyDescription.Standard? = nil, _ summary: String
    ) where Owner: Section {
        @Sendable func entries(_ owner: Owner) -> [YAMLValue.Entry] {
            write(owner).map { [.init(name, $0)] } ?? []
        }
        self.init(
            name: name, names: [name], read: read, check: check, write: entries,
            fields: { owner, path in
                let full = path.isEmpty ? name : "\(path).\(name)"
                switch field {
                case .always: return write(owner).map { [(full, $0.inline)] } ?? []
                case .whereSet:
                    guard let value = write(owner), value != write(Owner.initial) else { return [] }
                    return [(full, value.inline)]
                case .text(let text): return [(full, text(owner))]
                case .never: return []
                }
            },
            descriptions: [
                KeyDescription(
                    name: name, value: expected,
                    standard: hasDefault
                        ? standard ?? .written(write(Owner.initial)) : .required,
                    summary: summary, section: section)
            ])
    }

    init(
        name: String, names: [String],
        read: @escaping @Sendable (SectionReader, inout Owner) throws(YAMLError) -> Void,
        check: @escaping @Sendable (SectionReader, Owner) throws(YAMLError) -> Void,
        write: @escaping @Sendable (Owner) -> [YAMLValue.Entry],
        fields: @escaping @Sendable (Owner, String) -> [(name: String, value: String)],
        descriptions: [KeyDescription]
    ) {
        self.name = name
        self.names = names
        self.read = read
        self.check = check
        self.write = write
        self.fields = fields
        self.descriptions = descriptions
    }
}
