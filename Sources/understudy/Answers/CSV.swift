import Base
import Foundation

/// Comma-separated values.
enum CSV {
    /// A line of fields.
    ///
    /// A field with a comma, a quote or blanks at its ends stands in quotes; line breaks and what
    /// else a terminal would obey are written as `printable` writes them, so that a record is a line.
    ///
    /// Source: RFC 4180, section 2, but for line feeds at the ends of lines.
    static func line(_ fields: [String]) -> String {
        fields.map { field in
            let text = field.printable
            let isPlain =
                !text.contains { ",\"".contains($0) } && text.first?.isWhitespace != true
                && text.last?.isWhitespace != true
            return isPlain ? text : "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\""
        }.joined(separator: ",")
    }
}
