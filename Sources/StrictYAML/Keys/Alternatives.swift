/// The values that a key of a section chooses between, some with keys of their own beside it:
/// `encoding: topk` with `top_k: 50`.
///
/// A section has two keys for them, `Key.choice(of:)` and, where their own keys stand,
/// `Key.constants(of:)`. A key that belongs to another choice is refused by name.
package struct Alternatives<Choice>: Sendable {
    let key: String
    /// How an error says of a key that it belongs to a choice: "to", "with encoding".
    let preposition: String
    let all: [Alternative<Choice>]

    package init(_ key: String, _ preposition: String, _ all: [Alternative<Choice>]) {
        precondition(!all.isEmpty, "a choice among none")
        self.key = key
        self.preposition = preposition
        self.all = all
    }

    /// The one that a value is.
    func chosen(_ choice: Choice) -> Alternative<Choice> {
        guard let found = all.first(where: { $0.isChosen(choice) }) else {
            preconditionFailure("\(choice) is not among the alternatives of \(key)")
        }
        return found
    }

    /// Every key that one of them has.
    var ownNames: [String] {
        all.flatMap(\.names).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Refuses the keys that others have and `chosen` has not.
    func refuseOthers(
        than chosen: Alternative<Choice>, _ section: SectionReader
    ) throws(YAMLError) {
        for name in ownNames where !chosen.names.contains(name) {
            let owners = all.filter { $0.names.contains(name) }
            let reason =
                owners.count == 1
                ? "means something \(preposition) \(owners[0].name) only"
                : "means nothing \(preposition) \(chosen.name)"
            try section.refuse([name], because: reason)
        }
    }

    /// The keys of all of them, each with the choices that it belongs to.
    var descriptions: [KeyDescription] {
        var found: [KeyDescription] = []
        for alternative in all {
            for var description in alternative.keys.flatMap(\.descriptions) {
                if let index = found.firstIndex(where: { $0.name == description.name }) {
                    found[index].choices.append(alternative.name)
                } else {
                    description.choices = [alternative.name]
                    found.append(description)
                }
            }
        }
        return found
    }
}

/// One of several values of a key, with the keys of its own.
package struct Alternative<Choice>: Sendable {
    package let name: String
    let initial: @Sendable () -> Choice
    let isChosen: @Sendable (Choice) -> Bool
    let keys: [Key<Choice>]
    let check: @Sendable (Choice, SectionReader) throws(YAMLError) -> Void

    var names: [String] { keys.flatMap(\.names) }

    /// A value with keys of its own.
    ///
    /// - Parameters:
    ///   - choice: Makes the value of what the keys say.
    ///   - own: What the keys say of a value; `nil` if it is another of the alternatives.
    package init<Own: Section>(
        _ name: String, _ choice: @escaping @Sendable (Own) -> Choice,
        _ own: @escaping @Sendable (Choice) -> Own?
    ) {
        self.name = name
        initial = { choice(Own.initial) }
        isChosen = { own($0) != nil }
        keys = Own.keys.map { $0.lifted(choice, own) }
        check = { (value, section) throws(YAMLError) in try own(value)?.check(section) }
    }

    /// A value without keys.
    package init(_ name: String, _ choice: Choice) where Choice: Equatable & Sendable {
        self.name = name
        initial = { choice }
        isChosen = { $0 == choice }
        keys = []
        check = { (_, _) throws(YAMLError) in }
    }
}

extension Key {
    /// The same key of a value that is made of `Owner`.
    fileprivate func lifted<Choice>(
        _ choice: @escaping @Sendable (Owner) -> Choice,
        _ own: @escaping @Sendable (Choice) -> Owner?
    ) -> Key<Choice> {
        Key<Choice>(
            name: name, names: names,
            read: { [read] (section, value) throws(YAMLError) in
                guard var owner = own(value) else { return }
                try read(section, &owner)
                value = choice(owner)
            },
            check: { [check] (section, value) throws(YAMLError) in
                if let owner = own(value) { try check(section, owner) }
            },
            write: { [write] in own($0).map(write) ?? [] },
            fields: { [fields] value, path in own(value).map { fields($0, path) } ?? [] },
            descriptions: descriptions)
    }
}

extension Key where Owner: Section {
    /// The key that chooses one of several alternatives.
    package static func choice<Choice>(
        of alternatives: Alternatives<Choice>,
        _ path: any WritableKeyPath<Owner, Choice> & Sendable, hasDefault: Bool = false,
        field: Field = .always, _ summary: String
    ) -> Key {
        let form = Form<String>.oneOf(alternatives.all.map(\.name))
        return Key(
            alternatives.key, expected: form.title,
            read: { (section, owner) throws(YAMLError) in
                if hasDefault, !section.has(alternatives.key) { return }
                let name = try section.value(alternatives.key, form)
                guard let chosen = alternatives.all.first(where: { $0.name == name }) else {
                    return
                }
                owner[keyPath: path] = chosen.initial()
            },
            write: { .text(alternatives.chosen($0[keyPath: path]).name) },
            hasDefault: hasDefault, field: field, summary)
    }

    /// The keys of the chosen alternative, where they stand in the section.
    package static func constants<Choice>(
        of alternatives: Alternatives<Choice>,
        _ path: any WritableKeyPath<Owner, Choice> & Sendable
    ) -> Key {
        Key(
            name: alternatives.key, names: alternatives.ownNames,
            read: { (section, owner) throws(YAMLError) in
                // Whose keys these are is not known where the choice cannot be read.
                guard section.isSound(alternatives.key) else { return }
                let chosen = alternatives.chosen(owner[keyPath: path])
                try alternatives.refuseOthers(than: chosen, section)
                for key in chosen.keys {
                    do throws(YAMLError) {
                        try key.read(section, &owner[keyPath: path])
                    } catch {
                        try section.note(error, unsound: section.dotted(key.name))
                    }
                }
            },
            check: { (section, owner) throws(YAMLError) in
                let choice = owner[keyPath: path]
                let chosen = alternatives.chosen(choice)
                for key in chosen.keys { try key.check(section, choice) }
                try section.check([alternatives.key] + chosen.names) { () throws(YAMLError) in
                    try chosen.check(choice, section)
                }
            },
            write: { owner in
                let choice = owner[keyPath: path]
                return alternatives.chosen(choice).keys.flatMap { $0.write(choice) }
            },
            fields: { owner, section in
                let choice = owner[keyPath: path]
                return alternatives.chosen(choice).keys.flatMap { $0.fields(choice, section) }
            },
            descriptions: alternatives.descriptions)
    }
}
