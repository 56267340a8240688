/// How a value stands in YAML: what is expected of it, how it is read strictly and how it is written.
///
/// A form says nothing of the key that holds the value, so that keys of all sections share it.
package struct Form<Value>: Sendable {
    package typealias Reading = @Sendable (Given) throws(YAMLError) -> Value

    /// What an error says was expected: "a whole number from 1 to 10".
    package let expected: String
    /// What the documentation calls the value; `expected` where that says it all.
    package let title: String
    package let read: Reading
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

    /// A form that takes what `parse` makes a value of, and for which all else is a mismatch.
    package init(
        expected: String, title: String? = nil,
        parse: @escaping @Sendable (SourcedNode) -> Value?,
        write: @escaping @Sendable (Value) -> String
    ) {
        self.init(
            expected: expected, title: title,
            read: { (given) throws(YAMLError) in
                guard let value = parse(given.node) else { throw given.mismatch() }
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
            read: { [read] (given) throws(YAMLError) in make(try read(given)) },
            write: { [write] in write(value($0)) })
    }
}

/// A value that was found, and what it is held against.
package struct Given: Sendable {
    package let node: SourcedNode
    /// The dotted path of the value's key.
    let name: String
    /// What the key takes.
    var expected: String

    /// An error at the value.
    package func error(_ message: String) -> YAMLError { node.place.error("\(name): \(message)") }

    /// The error of what is not as expected: the value, or an item of it.
    package func mismatch(of item: SourcedNode? = nil) -> YAMLError {
        let item = item ?? node
        return item.place.error("\(name): expected \(expected), found \(item.shown)")
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

extension Form where Value == String {
    /// One of several names.
    package static func oneOf(_ names: [String]) -> Form {
        Form(
            expected: "one of \(names.joined(separator: ", "))",
            parse: { node in
                guard case .scalar(let text, _) = node.content else { return nil }
                return names.first { $0 == text }
            }, write: { $0 })
    }
}

extension Form
where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of an enumeration's names.
    package static var choice: Form {
        let names = Form<String>.oneOf(Value.allCases.map(\.rawValue))
        return Form(
            expected: names.expected,
            read: { (given) throws(YAMLError) in
                guard let value = Value(rawValue: try names.read(given)) else {
                    throw given.mismatch()
                }
                return value
            }, write: { $0.rawValue })
    }
}

extension Form {
    /// A value in another form, or `none`; `null` and `~` are read alike.
    ///
    /// - Parameter word: The one of them that is written.
    package static func orNone<Wrapped: Sendable>(
        _ form: Form<Wrapped>, as word: String = "none"
    ) -> Form where Value == Wrapped? {
        Form(
            expected: "\(form.expected), or \(word)", title: "\(form.title), or \(word)",
            read: { (given) throws(YAMLError) in given.node.isNone ? nil : try form.read(given) },
            write: { $0.map(form.write) ?? word })
    }
}

// MARK: Texts

extension Form where Value == String {
    /// A text that is not empty; in quotes where YAML would make something else of it.
    package static var text: Form { text("a text") }

    /// A text that an error calls something more.
    package static func text(_ expected: String) -> Form {
        Form(
            expected: expected,
            read: { (given) throws(YAMLError) in
                guard case .scalar(let text, let isPlain) = given.node.content, !text.isEmpty,
                    !given.node.isNone
                else { throw given.mismatch() }
                guard !isPlain || !YAMLText.isAmbiguous(text) else {
                    let error = given.mismatch()
                    throw YAMLError(
                        place: error.place, message: "\(error.message): put it in quotes")
                }
                return text
            }, write: { YAMLText.scalar($0) })
    }

    /// A text of letters, digits, `.`, `_` and `-`: fit for a file name.
    package static var word: Form {
        let title = "a name of letters, digits, '.', '_' and '-'"
        return Form(
            expected: text.expected, title: title,
            read: { (given) throws(YAMLError) in
                let text = try text.read(given)
                let isWord = text.unicodeScalars.allSatisfy {
                    ("a"..."z").contains($0) || ("A"..."Z").contains($0)
                        || ("0"..."9").contains($0) || "._-".unicodeScalars.contains($0)
                }
                guard isWord, !text.hasPrefix(".") else {
                    throw given.expecting(title).mismatch()
                }
                return text
            }, write: text.write)
    }

    /// A path, made absolute from the folder of the file that names it.
    package static var path: Form {
        Form(
            expected: text.expected, title: "a path",
            read: { (given) throws(YAMLError) in
                let text = try text.read(given)
                guard !text.hasPrefix("~") else {
                    throw given.error("'~' is not expanded; write the path in full")
                }
                return FilePaths.joined(given.node.place.directory, text)
            }, write: text.write)
    }
}

extension Given {
    fileprivate func expecting(_ expected: String) -> Given {
        var given = self
        given.expected = expected
        return given
    }
}
