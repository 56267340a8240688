extension String {
    /// The text on one line, with nothing in it that a terminal would obey.
    ///
    /// Control characters, line breaks and marks that turn the direction of text are written as
    /// Swift writes them: `\n`, `\u{1B}`. Names of files, classes, tensors and attributes come from
    /// outside; printed as they are, they could move the cursor, hide what follows or forge a line.
    package var printable: String {
        guard unicodeScalars.contains(where: \.isObeyed) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.isObeyed {
                text += scalar.escaped(asASCII: true)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }

    /// The same for text of several lines, whose breaks stay.
    package var printableLines: String {
        // By scalars: "\r\n" is one character.
        unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { String($0).printable }.joined(separator: "\n")
    }

    /// The same for JSON of any number of lines, in JSON's own way: `\u001b`.
    package var printableJSON: String {
        guard unicodeScalars.contains(where: { $0.isObeyed && $0 != "\n" }) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.isObeyed, scalar != "\n" {
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension Unicode.Scalar {
    /// Whether a terminal does something else with it than show it.
    fileprivate var isObeyed: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        // Bidirectional embeddings, overrides and isolates.
        case .format: (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
        default: false
        }
    }
}

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
