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
