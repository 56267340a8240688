import Base
import Foundation

extension Encodable {
    /// The value as JSON with sorted keys, on one line unless `pretty`.
    ///
    /// JSON has no numbers for what is not finite: they become the strings NaN, Infinity and
    /// -Infinity.
    func json(pretty: Bool = false) throws -> String {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        encoder.outputFormatting =
            pretty
            ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
            : [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self).printableJSON
    }
}

extension Int {
    /// The number with a comma between thousands: `1,281,167`.
    var grouped: String {
        var digits = String(magnitude)
        var result = ""
        while digits.count > 3 {
            result = "," + digits.suffix(3) + result
            digits.removeLast(3)
        }
        return (self < 0 ? "-" : "") + digits + result
    }
}
