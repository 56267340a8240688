import Foundation

/// What an error says, fit for a terminal.
///
/// The program's own errors describe themselves, a few of them in several lines. Those of
/// Foundation, of files and of JSON, are dumps of many lines or sentences without the reason: of
/// them a line remains, of the path and the system's reason, or of what is wrong where in the JSON.
package func errorText(_ error: any Error) -> String {
    switch error {
    case let error as DecodingError: return line(of: error).printable
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
        cause.domain == NSPOSIXErrorDomain
        ? errnoText(Int32(clamping: cause.code)) : cause.localizedDescription
    return [path, reason].compactMap { $0 }.joined(separator: ": ")
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
