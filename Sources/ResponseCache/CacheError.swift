import Base

/// What went wrong with a response cache: what, where, and what to do, in words for the user.
package struct CacheError: Error, CustomStringConvertible, Equatable, Sendable {
    /// What went wrong, in one line.
    package let message: String
    /// What belongs to it, a line each: fields that differ. Mostly nothing.
    package let details: [String]

    /// An error with this message.
    ///
    /// Names from outside may stand in it as they are: what a terminal would obey, line breaks
    /// included, is written out.
    package init(_ message: String, details: [String] = []) {
        self.message = message.printable
        self.details = details.map(\.printable)
    }

    /// The message, and below it the details.
    package var description: String {
        ([message] + details.map { "  \($0)" }).joined(separator: "\n")
    }
}
