import Foundation
import Synchronization

/// Advisory locks (flock) on open files; the system drops them when the file is closed, however its
/// process ends.
package enum FileLock {
    /// What became of the wish for a lock.
    package enum Outcome: Equatable, Sendable {
        /// It is held now.
        case held
        /// Somebody else holds it.
        case busy
        /// The file system, or the system, has no locks.
        case unavailable
    }

    /// What `flock` says where there are no locks: some network file systems and sandboxes.
    private static let missing = [ENOSYS, ENOLCK, EOPNOTSUPP, EINVAL]

    private static let isNoticed = Atomic(false)

    /// Takes a lock without waiting for it.
    ///
    /// Where there are no locks, a line on standard error says so, once in a process.
    ///
    /// - Parameters:
    ///   - path: the file, for the line and the error.
    ///   - isShared: whether others may hold it, too, who share it.
    /// - Throws: `SystemFailure` for any other reason than those of `Outcome`.
    package static func take(
        _ descriptor: Int32, path: String, isShared: Bool = false
    ) throws(SystemFailure) -> Outcome {
        let operation = (isShared ? LOCK_SH : LOCK_EX) | LOCK_NB
        while flock(descriptor, operation) != 0 {
            let code = errno
            switch code {
            case EINTR: continue
            case EWOULDBLOCK: return .busy
            case _ where missing.contains(code):
                if !isNoticed.exchange(true, ordering: .relaxed) {
                    StandardStreams.report(
                        "\(path): the file system has no locks (\(errnoText(code))): see to it that "
                            .printable + "no other process writes to the same files\n")
                }
                return .unavailable
            default: throw SystemFailure("\(path): cannot lock", code)
            }
        }
        return .held
    }
}
