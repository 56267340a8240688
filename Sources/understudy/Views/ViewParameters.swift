import Foundation
import Views

/// The parameters of views as `understudy views --params` writes them; with them any tool can make
/// the same pixels from the same files.
struct ViewParameters: Encodable {
    /// A slot's image and what was drawn for it.
    struct Slot: Encodable {
        let path: String
        /// Nil of an image without one, which has no such key then.
        let label: Int?
        /// The image's own size, in pixels.
        let width: Int
        let height: Int
        let group: Int
        let view: ViewRecord

        func encode(to encoder: any Encoder) throws {
            try view.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(path, forKey: .path)
            try container.encodeIfPresent(label, forKey: .label)
            try container.encode(width, forKey: .width)
            try container.encode(height, forKey: .height)
            try container.encode(group, forKey: .group)
        }

        private enum Key: String, CodingKey {
            case path, label, width, height, group
        }
    }

    let recipe: String
    let seed: UInt64
    let epoch: Int
    let size: Int
    /// What pixels are normalized with before they are mixed, red, green, blue.
    let mean: [Double]
    let std: [Double]
    /// What geometric operations show where there is no picture, red, green, blue.
    let fill: [UInt8]
    let slots: [Slot]
    let groups: [MixRecord]

    /// Whether a file begins as such parameters do, whose keys are sorted.
    static func areWritten(in head: [UInt8]) -> Bool {
        let text = String(decoding: head, as: UTF8.self)
        return text.hasPrefix("{\n  \"epoch\" : ") && text.contains("\"fill\" : [")
    }
}
