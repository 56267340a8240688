import Base

/// What is wrong with a recipe or a teacher card, and where.
package struct YAMLError: Error, CustomStringConvertible, Equatable {
    /// The place: `file:line:column`, a file, or the override as given (`--set a.b=c`).
    package let place: String?
    /// What is wrong, in one line.
    package let message: String
    /// The place in its parts, where it is one of a text.
    package let source: Place?

    /// An error at a place; `nil` where the values do not fit something outside any file.
    package init(place: String?, message: String) {
        self.place = place?.printable
        self.message = message.printable
        source = nil
    }

    /// An error at a place of a text.
    init(at place: Place, message: String) {
        self.place = place.description.printable
        self.message = message.printable
        source = place
    }

    /// `place: message`.
    package var description: String {
        place.map { "\($0): \(message)" } ?? message
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.place == right.place && left.message == right.message
    }
}

/// Everything that is wrong with a file: several errors, a line each.
package struct YAMLErrors: Error, CustomStringConvertible {
    /// By their places.
    package let all: [YAMLError]

    package var description: String { all.map(\.description).joined(separator: "\n") }
}
