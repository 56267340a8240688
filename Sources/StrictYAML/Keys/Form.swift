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
