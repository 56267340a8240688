/// How a value stands in YAML: what is expected of it, how it is read strictly and how it is written.
///
/// A form says nothing of the key that holds the value, so that keys of all sections share it.
package struct Form<Value>: Sendable {
    package typealias Reading =
        @Sendable (_ node: SourcedNode, _ name: String) throws(YAMLError) -> Value

    /// What an error says was expected: "a whole number from 1 to 10".
    package let expected: String
    /// What the documentation calls the value; `expected` where that says it all.
    package let title: String
    /// Reads a value, or throws what it is and where; `name` is the key's dotted path.
    let read: Reading
    /// The value in one line, as it stands after its key.
    package let write: @Sendable (Value) -> String

    package init(
        expected: String, title: String? = nil, read: @escaping Reading,
        write: @escaping @Sendable (Value) -> String
    ) {
        self.expected = expected
        self.title = title ?? expected
        self.read = read
        self.write = write
    }

    /// A form whose values are told apart by reading alone: `nil` is a mismatch.
    init(
        expected: String, title: String? = nil,
        parse: @escaping @Sendable (SourcedNode) -> Value?,
        write: @escaping @Sendable (Value) -> String
    ) {
        self.init(
            expected: expected, title: title,
            read: { (node, name) throws(YAMLError) in
                guard let value = parse(node) else { throw node.mismatch(name, expected) }
                return value
            }, write: write)
    }

    /// The same text for another type, which is made of the values that were read.
    package func mapped<Other>(
        to make: @escaping @Sendable (Value) -> Other,
        from value: @escaping @Sendable (Other) -> Value
    ) -> Form<Other> {
        Form<Other>(
            expected: expected, title: title,
            read: { [read] (node, name) throws(YAMLError) in make(try read(node, name)) },
            write: { [write] in write(value($0)) })
    }
}

// MARK: Choices

extension Form where Value == Bool {
    /// `true` or `false`.
    package static var boolean: Form {
        Form(
            expected: "true or false",
            parse: { node in
                switch node.content {
                case .scalar("true", plain: true): true
                case .scalar("false", plain: true): false
                default: nil
                }
            }, write: { "\($0)" })
    }
}

extension Form
where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of an enumeration's names.
    package static var choice: Form {
        Form(
            expected: "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))",
            parse: { node in
                guard case .scalar(let text, _) = node.content else { return nil }
                return Value.allCases.first { $0.rawValue == text }
            }, write: { $0.rawValue })
    }
}

extension Form {
    /// A value in another form, or `none`.
    package static func orNone<Wrapped: Sendable>(_ form: Form<Wrapped>) -> Form
    where Value == Wrapped? {
        let expected = "\(form.expected), or none"
        return Form(
            expected: expected, title: "\(form.title), or none",
            read: { (node, name) throws(YAMLError) in
                if node.isNone { return nil }
                do {
                    return try form.read(node, name)
                } catch {
                    throw node.mismatch(name, expected)
                }
            },
            write: { $0.map(form.write) ?? "none" })
    }
}

extension Form where Value == String {
    /// A text that is not empty; in quotes where YAML would make something else of it.
    package static var text: Form {
        let expected = "a text"
        return Form(
            expected: expected,
            read: { (node, name) throws(YAMLError) in
                guard case .scalar(let text, let isPlain) = node.content, !text.isEmpty,
                    !node.isNone
                else { throw node.mismatch(name, expected) }
                guard !isPlain || !YAMLText.isAmbiguous(text) else {
                    let message = node.mismatch(name, expected).message
                    throw node.place.error("\(message): put it in quotes")
                }
                return text
            }, write: { YAMLText.scalar($0) })
    }

    /// A text of letters, digits, `.`, `_` and `-`: fit for a file name.
    package static var word: Form {
        let title = "a name of letters, digits, '.', '_' and '-'"
        return Form(
            expected: text.expected, title: title,
            read: { (node, name) throws(YAMLError) in
                let text = try text.read(node, name)
                let isWord = text.unicodeScalars.allSatisfy {
                    ("a"..."z").contains($0) || ("A"..."Z").contains($0)
                        || ("0"..."9").contains($0) || "._-".unicodeScalars.contains($0)
                }
                guard isWord, !text.hasPrefix(".") else { throw node.mismatch(name, title) }
                return text
            }, write: text.write)
    }

    /// A path, made absolute from the folder of the file that names it.
    package static var path: Form {
        Form(
            expected: text.expected, title: "a path",
            read: { (node, name) throws(YAMLError) in
                let text = try text.read(node, name)
                guard !text.hasPrefix("~") else {
                    throw node.place.error(
                        "\(name): '~' is not expanded; write the path in full")
                }
                return FilePaths.joined(node.place.directory, text)
            }, write: text.write)
    }
}
