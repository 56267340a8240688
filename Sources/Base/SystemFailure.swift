import Foundation

/// A system call that failed: what was tried, on what, and the system's reason, in one line.
package struct SystemFailure: Error, CustomStringConvertible, Equatable, Sendable {
    /// What was tried, with the path if there is one: `runs/kd/metrics.jsonl: cannot be written`.
    package let attempt: String
    /// The value of `errno`.
    package let code: Int32
    /// The system's words for it, or clearer ones.
    package let reason: String

    /// Makes the error; by default with the present `errno`, and with the system's words for it.
    package init(_ attempt: String, _ code: Int32 = errno, reason: String? = nil) {
        self.attempt = attempt.printable
        self.code = code
        self.reason = reason ?? errnoText(code)
    }

    /// `attempt: reason`.
    package var description: String { "\(attempt): \(reason)" }
}

/// What to do where a write found no room, to follow its reason: `; make room and run again, finished
/// parts are kept`. Empty for any other value of `errno`.
package func roomAdvice(_ code: Int32, kept: String) -> String {
    switch code {
    case ENOSPC, EDQUOT: "; make room and run again, \(kept)"
    case EFBIG: "; raise the limit of a file's size (ulimit -f) and run again, \(kept)"
    default: ""
    }
}

/// The system's words for a value of `errno`.
package func errnoText(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return buffer.withUnsafeBufferPointer { text in
        text.baseAddress.map { String(cString: $0) } ?? "error \(code)"
    }
}
