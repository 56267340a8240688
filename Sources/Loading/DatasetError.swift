import Base
import Foundation

/// A data set that cannot be used: what is wrong, where, and what to do.
public struct DatasetError: Error, CustomStringConvertible, Equatable {
    /// One line: the path, what is wrong with it, and what to do.
    public let description: String

    init(_ description: String) {
        self.description = description.printable
    }

    /// A failed system call: the path, what was tried, and the system's reason.
    static func system(_ path: String, _ attempt: String, _ code: Int32 = errno) -> DatasetError {
        DatasetError("\(path): \(attempt): \(errnoText(code))")
    }
}
