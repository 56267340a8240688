import Foundation

/// The numbers of a flat JSON object by their names: a line of `metrics.jsonl`, or what is to
/// become one.
///
/// Who only shows figures reads them so: whatever a record of this or another version holds is shown,
/// and what it lacks is left out.
package struct FigureLine: Equatable, Sendable {
    package let figures: [String: Double]

    package subscript(name: String) -> Double? { figures[name] }

    /// - Throws: where the text is no JSON object.
    package init(json: Data) throws {
        figures = try JSONDecoder().decode([String: Figure].self, from: json)
            .compactMapValues(\.value)
    }

    init(_ record: some Encodable) throws {
        try self.init(json: JSONEncoder().encode(record))
    }

    /// A finite number, or something else: a truth value, a text.
    private struct Figure: Decodable {
        let value: Double?

        init(from decoder: any Decoder) {
            let number = try? decoder.singleValueContainer().decode(Double.self)
            value = number.flatMap { $0.isFinite ? $0 : nil }
        }
    }
}
