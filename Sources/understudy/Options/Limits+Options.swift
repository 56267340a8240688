import ArgumentParser
import Base

extension Limits {
    /// Checks the `--epoch` of a command.
    static func check(epoch: Int) throws {
        guard (0..<epochs.upperBound).contains(epoch) else {
            throw ValidationError("--epoch must be between 0 and \(epochs.upperBound - 1)")
        }
    }

    /// Checks the `--batch` of a command.
    static func check(batch size: Int) throws {
        guard batch.contains(size) else {
            throw ValidationError("--batch must be between 1 and \(batch.upperBound)")
        }
    }
}
