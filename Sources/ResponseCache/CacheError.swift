import Base

/// What went wrong with a response cache: what, where, and what to do, in words for the user.
public struct CacheError: Error, CustomStringConvertible, Equatable, Sendable {
    /// The whole message. One line, except that fields which differ follow one to a line.
    public let description: String

    /// An error with this message.
    public init(_ description: String) {
        self.description = description.printableLines
    }
}
