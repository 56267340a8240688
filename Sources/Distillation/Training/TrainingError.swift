import Base

/// Training or caching that cannot go on: what is wrong, where, and what to do.
package struct TrainingError: Error, CustomStringConvertible, Equatable {
    /// One line.
    package let description: String

    /// Makes an error of one line.
    package init(_ description: String) {
        self.description = description.printable
    }
}
