extension String {
    /// The text, cut after 80 characters: a name from a file must not fill a whole message.
    package var clipped: String {
        let scalars = unicodeScalars
        guard
            let end = scalars.index(scalars.startIndex, offsetBy: 80, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return self }
        return String(scalars[..<end]) + "…"
    }

    /// The clipped text in single quotes, as messages show names.
    package var quoted: String { "'\(clipped)'" }

    /// The text without its middle, if it is longer than any message has to be.
    package var abridged: String {
        let scalars = unicodeScalars
        guard utf8.count > 2000, scalars.count > 2000 else { return self }
        return String(scalars.prefix(600)) + " … " + String(scalars.suffix(600))
    }
}

extension Collection<String> {
    /// The strings as messages list them: the first five, and how many more there are.
    package var listed: String {
        let shown = prefix(5).joined(separator: ", ")
        return count > 5 ? "\(shown) and \(count - 5) more" : shown
    }
}
