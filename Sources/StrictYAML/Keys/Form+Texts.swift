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
