/// The work stopped half-way because a signal asked for it; what was done is saved.
package struct Interrupted: Error, CustomStringConvertible, Equatable {
    /// Where it stopped and how to go on.
    package let description: String

    /// Makes the error from its one line.
    package init(description: String) { self.description = description.printable }
}
