import Base
import Foundation
import Imaging

/// A data set that cannot be used: what is wrong, where, and, as far as a library knows, what to do.
package struct DatasetError: Error, CustomStringConvertible, Equatable {
    /// What is to blame, for whoever may go on in spite of it.
    package enum Cause: Equatable, Sendable {
        /// What is stored is not what it should be: a list, a folder, a shard, a changed file.
        case contents
        /// An image's bytes were read as they are stored, and cannot be made a picture.
        case image(ImageError.Cause)
        /// The system would not give what was asked of it; another time it may.
        case system(Int32)
        /// A pack is not what it is to be, or cannot go where it is to go.
        case pack(PackFault)
        /// A signal asked to stop.
        case interruption
    }

    /// One line: the path and what is wrong with it.
    package let description: String
    /// What is to blame.
    package let cause: Cause

    init(_ description: String, cause: Cause = .contents) {
        self.description = description.printable
        self.cause = cause
    }

    /// A failed system call: the path, what was tried, and the system's reason.
    static func system(_ path: String, _ attempt: String, _ code: Int32 = errno) -> DatasetError {
        DatasetError("\(path): \(attempt): \(errnoText(code))", cause: .system(code))
    }

    /// No memory for what a path holds.
    static func noMemory(_ path: String, _ bytes: Int) -> DatasetError {
        DatasetError("\(path): no memory for its \(bytes) bytes", cause: .system(ENOMEM))
    }

    /// Whether the image itself is no picture, whenever it is read: only then may another one stand
    /// in for it. A disk that fails, a mount that is gone or a lack of descriptors pass.
    package var isUndecodable: Bool {
        switch cause {
        case .image(.bytes), .image(.foreign): true
        case .image(.memory), .contents, .system, .pack, .interruption: false
        }
    }

    /// The same with what to do about an image that cannot be decoded.
    ///
    /// - Parameter advice: what else can be done; it follows what the image's own line says to do.
    func advising(_ advice: String) -> DatasetError {
        switch cause {
        case .image(.foreign): DatasetError("\(description), or \(advice)", cause: cause)
        case .image(.bytes): DatasetError("\(description); replace it, or \(advice)", cause: cause)
        default: self
        }
    }
}

extension DatasetError {
    /// Runs what a signal may stop.
    ///
    /// - Throws: `Interrupted` in place of the error of what was stopped.
    static func stoppable<Result>(_ body: () throws(DatasetError) -> Result) throws -> Result {
        do { return try body() } catch {
            guard error.cause == .interruption else { throw error }
            throw Interrupted(description: error.description)
        }
    }

    /// The work stops where a signal asks for it, between two files: going through a data set may
    /// take long.
    static func refuseInterruption(reading path: String) throws(DatasetError) {
        guard Interruption.requested else { return }
        throw DatasetError("stopped while \(path) was read", cause: .interruption)
    }
}
