import Base

/// A command that cannot do what it was asked: one line.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description.printableLines }
}
