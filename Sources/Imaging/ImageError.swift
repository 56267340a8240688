import Base

/// Why an image could not be read or written, in one line.
///
/// The text names the format and the library's reason; whoever knows the file adds its path.
package struct ImageError: Error, Equatable, CustomStringConvertible, Sendable {
    /// What is to blame.
    package enum Cause: Equatable, Sendable {
        /// The bytes are no picture that can be read: damaged, cut short, or of another kind.
        case bytes
        /// The bytes are a file of a known kind that is no JPEG or PNG; the line says what to do
        /// with it.
        case foreign
        /// There was no memory; another time the same bytes may be read.
        case memory
    }

    /// The one line, such as `JPEG: Premature end of input file`.
    package let description: String
    /// What is to blame.
    package let cause: Cause

    init(_ description: String, cause: Cause = .bytes) {
        self.description = description.printable
        self.cause = cause
    }

    /// There is no memory for a picture.
    static func noMemory(_ bytes: Int) -> ImageError {
        ImageError("no memory for \(bytes) bytes of pixels", cause: .memory)
    }
}
