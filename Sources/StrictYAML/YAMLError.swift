import Base

/// What is wrong with a recipe or a teacher card, and where.
package struct YAMLError: Error, CustomStringConvertible, Equatable {
    /// The place: `file:line:column`, a file, or the override as given (`--set a.b=c`).
    package let place: String?
    /// What is wrong, in one line.
    package let message: String

    /// An error at a place; `nil` where the values do not fit something outside any file.
    package init(place: String?, message: String) {
        self.place = place?.printable
        self.message = message.printable
    }

    /// `place: message`.
    package var description: String {
        place.map { "\($0): \(message)" } ?? message
    }
}
