import Base
import CJPEG
import CPNG

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

extension ImageError {
    /// Runs a call of the C targets, which returns 0 or leaves one line in the buffer that it is
    /// given; nil for success.
    init?(of format: String, _ call: (UnsafeMutablePointer<CChar>) -> Int32) {
        let size = max(Int(CJPEG_MESSAGE_SIZE), Int(CPNG_MESSAGE_SIZE))
        let failure = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) {
            text -> ImageError? in
            guard let start = text.baseAddress else { return .noMemory(size) }
            start.initialize(repeating: 0, count: size)
            let status = call(start)
            guard status != 0 else { return nil }
            let isMemory = [CJPEG_OUT_OF_MEMORY, CPNG_OUT_OF_MEMORY].contains(status)
            return ImageError(
                "\(format): \(String(cString: start))", cause: isMemory ? .memory : .bytes)
        }
        guard let failure else { return nil }
        self = failure
    }
}
