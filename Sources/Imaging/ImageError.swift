import Base

/// Why an image could not be read or written, in one line.
///
/// The text names the format and the library's reason; whoever knows the file adds its path.
public struct ImageError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The one line, such as `JPEG: Premature end of input file`.
    public let description: String

    init(_ description: String) {
        self.description = description.printable
    }
}
