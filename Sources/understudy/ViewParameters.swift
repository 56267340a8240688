import Foundation
import Views

/// The parameters of views as `understudy views --params` writes them; with them any tool can make
/// the same pixels from the same files.
struct ViewParameters: Encodable {
    /// A slot's image and what was drawn for it.
    struct Slot: Encodable {
        let path: String
        let label: Int
        /// The image's own size, in pixels.
        let width: Int
        let height: Int
        let group: Int
        let view: ViewRecord

        func encode(to encoder: any Encoder) throws {
            try view.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(path, forKey: .path)
            try container.encode(label, forKey: .label)
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
    let slots: [Slot]
    let groups: [MixRecord]
}

extension AugmentDraw {
    /// The operation in a few letters, for a contact sheet.
    var caption: String {
        argument.map { String(format: "%@ %.2f", name, $0) } ?? name
    }
}

extension MixRecord {
    /// The mixing in a few letters, for a contact sheet.
    var caption: String {
        mode == "none" ? "not mixed" : String(format: "%@ %.2f", mode, lambda)
    }
}
