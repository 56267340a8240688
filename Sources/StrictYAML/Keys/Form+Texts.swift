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
