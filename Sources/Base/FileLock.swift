import Foundation

/// Locks on open files (flock), which the system drops with the process that holds them.
public enum FileLock {
    /// How an attempt to take a lock ended.
    public enum Attempt: Equatable, Sendable {
        /// The lock is this process's until the descriptor is closed.
        case taken
        /// Another process holds it.
        case busy
        /// The file system knows no locks; `errno` says how it put it.
        case unsupported(Int32)
    }

    /// Tries to take the lock on an open file for this process alone, without waiting.
    ///
    /// - Parameter path: the file's path, for the error.
    /// - Throws: `SystemFailure` for a failure that says nothing about other processes or the file
    ///   system, such as a bad descriptor.
    public static func attempt(
        _ descriptor: Int32, path: String
    ) throws(SystemFailure) -> Attempt {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return .busy
            case ENOSYS, ENOLCK, EOPNOTSUPP, EINVAL: return .unsupported(errno)
            default: throw SystemFailure("\(path): cannot be locked")
            }
        }
        return .taken
    }
}
