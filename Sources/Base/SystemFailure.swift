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

/// What an error says, fit for a terminal.
///
/// The program's own errors describe themselves, a few of them in several lines. Those of
/// Foundation, of files and of JSON, are dumps of many lines or sentences without the reason: of
/// them a line remains, of the path and the system's reason, or of what is wrong where in the JSON.
package func errorText(_ error: any Error) -> String {
    switch error {
    case let error as DecodingError: return line(of: error).printable
    case let error as EncodingError: return line(of: error).printable
    case is CocoaError, is POSIXError, is URLError: return line(of: error as NSError).printable
    case _ where type(of: error) is NSError.Type: return line(of: error as NSError).printable
    default: return "\(error)".printableLines
    }
}

private func line(of error: NSError) -> String {
    let path =
        error.userInfo[NSFilePathErrorKey] as? String
        ?? (error.userInfo[NSURLErrorKey] as? URL)?.path
    var cause = error
    while let under = cause.userInfo[NSUnderlyingErrorKey] as? any Error {
        cause = under as NSError
    }
    let reason =
        cause.domain == NSPOSIXErrorDomain ? Int32(clamping: cause.code) : posixCode(of: cause)
    let text = reason.map(errnoText) ?? "error \(cause.code) of \(cause.domain)"
    return [path, text].compactMap { $0 }.joined(separator: ": ")
}

/// The system's reason for an error of Foundation's that brings none; `nil` where it is another.
private func posixCode(of error: NSError) -> Int32? {
    guard error.domain == NSCocoaErrorDomain else { return nil }
    return switch CocoaError.Code(rawValue: error.code) {
    case .fileNoSuchFile, .fileReadNoSuchFile: ENOENT
    case .fileReadNoPermission, .fileWriteNoPermission: EACCES
    case .fileReadInvalidFileName, .fileWriteInvalidFileName: EINVAL
    case .fileReadTooLarge: EFBIG
    case .fileReadCorruptFile, .fileReadInapplicableStringEncoding: EILSEQ
    case .fileWriteFileExists: EEXIST
    case .fileWriteOutOfSpace: ENOSPC
    case .fileWriteVolumeReadOnly: EROFS
    case .fileReadUnknown, .fileWriteUnknown: EIO
    default: nil
    }
}

private func line(of error: EncodingError) -> String {
    guard case .invalidValue(let value, let context) = error else { return "no JSON holds it" }
    return "no JSON holds \("\(value)".clipped), the value of '\(name(context.codingPath))'"
}

private func line(of error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
        "not the JSON expected: '\(name(context.codingPath + [key]))' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
        "not the JSON expected: '\(name(context.codingPath))': \(context.debugDescription)"
    case .dataCorrupted(let context): "not valid JSON: \(context.debugDescription)"
    @unknown default: "not valid JSON"
    }
}

private func name(_ path: [any CodingKey]) -> String {
    path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
}
