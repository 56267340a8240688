import Base
import Foundation

/// What went wrong with a response cache: what, and where, in words for the user.
///
/// What an option or a command can do about it is the command line's to say, by `cause`.
package struct CacheError: Error, CustomStringConvertible, Equatable, Sendable {
    /// What is to blame, for whoever decides by it.
    package enum Cause: Equatable, Sendable {
        /// There is no cache.
        case noCache
        /// A part is not there, or not yet.
        case missingPart
        /// Epochs were named that the cache does not hold.
        case epochsBeyond
        /// The cache is of other inputs, or laid out in another way; the details say which.
        case otherInputs
        /// What is stored is not what a writer stored.
        case damaged
        /// Two caches hold a part with different bytes.
        case differingParts
        /// The numbers of another program's file are not what they are said to be.
        case foreign(ForeignFault)
        /// The system would not give what was asked of it; another time it may.
        case system(Int32)
        /// What was asked for is wrong, or does not fit.
        case other
    }

    /// What the numbers of another program's file seem to be.
    package enum ForeignFault: Equatable, Sendable {
        /// Probabilities that are said to be logits.
        case probabilities
        /// Percentages that are said to be logits.
        case percentages
        /// Perhaps logits that are said to be probabilities.
        case perhapsLogits
    }

    /// What went wrong, in one line.
    package let message: String
    /// What belongs to it, a line each: fields that differ. Mostly nothing.
    package let details: [String]
    /// What is to blame.
    package let cause: Cause

    /// An error with this message.
    ///
    /// Names from outside may stand in it as they are: what a terminal would obey, line breaks
    /// included, is written out.
    package init(_ message: String, details: [String] = [], cause: Cause = .other) {
        self.message = message.printable
        self.details = details.map(\.printable)
        self.cause = cause
    }

    /// A failed system call, as it is.
    init(_ failure: SystemFailure) {
        self.init(failure.description, cause: .system(failure.code))
    }

    /// A failed system call: the context and the text of `errno`.
    static func system(_ context: String, _ code: Int32 = errno) -> CacheError {
        CacheError(SystemFailure(context, code))
    }

    /// What is no file, or one that the system does not open.
    static func unopened(_ path: String, _ refusal: RegularFile.Refusal) -> CacheError {
        guard let code = refusal.code else { return CacheError("\(path): \(refusal)") }
        return CacheError("\(path): cannot open: \(refusal)", cause: .system(code))
    }

    /// The error about what is stored, with what to do about it.
    func damage(_ remedy: String) -> CacheError {
        CacheError("\(self); \(remedy)", cause: cause == .other ? .damaged : cause)
    }

    /// The message, and below it the details.
    package var description: String {
        ([message] + details.map { "  \($0)" }).joined(separator: "\n")
    }
}

/// Runs what fails by a system call.
///
/// - Throws: `CacheError` with the failure's own words.
func asCacheError<Result: ~Copyable>(
    _ body: () throws(SystemFailure) -> Result
) throws(CacheError) -> Result {
    do { return try body() } catch { throw CacheError(error) }
}
