import Base
import Glibc

/// What went wrong in a tensor operation, a device or a weights file.
///
/// Its description is one line: `conv2d: expected input [N, 3, H, W] …, found [2, 4, 8, 8] …`.
package struct TorchError: Error, CustomStringConvertible, Equatable {
    /// The operation that failed, by its Swift name: `conv2d`.
    package let operation: String
    /// What was expected and found, or what to do about it.
    package let message: String
    /// The `errno` where the file or operation may be sound and the system is to blame: `ENOMEM` where
    /// the host or a device had no memory, `ENOTSUP` where a device cannot do it as it was told to.
    package let code: Int32?
    /// Whether a file has several sets of tensors, of which somebody has to name one.
    package let needsEntry: Bool

    /// Whether there was no memory for it: with less to do at a time it may pass.
    package var isOutOfMemory: Bool { code == ENOMEM }

    /// Whether it has no algorithm that gives the same bits each time, and only those were allowed.
    package var isIndeterminate: Bool { code == ENOTSUP }

    /// Makes an error; line breaks in the message become spaces, and one as long as a hostile file
    /// may make it loses its middle.
    package init(
        operation: String, message: String, code: Int32? = nil, needsEntry: Bool = false
    ) {
        self.operation = operation
        self.code = code
        self.needsEntry = needsEntry
        self.message =
            message.abridged.split(whereSeparator: \.isNewline)
            .joined(separator: " ").printable
    }

    /// An error of the form `operation: expected …, found …`.
    package static func shape(_ operation: String, expected: String, found: String) -> TorchError {
        TorchError(operation: operation, message: "expected \(expected), found \(found)")
    }

    /// The operation, a colon and the message.
    package var description: String { "\(operation): \(message)" }
}
