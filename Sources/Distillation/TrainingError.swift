import Base

/// Training or caching that cannot go on: what is wrong, where, and what to do.
public struct TrainingError: Error, CustomStringConvertible, Equatable {
    /// One line.
    public let description: String

    /// Makes an error of one line.
    public init(_ description: String) {
        self.description = description.printable
    }
}
