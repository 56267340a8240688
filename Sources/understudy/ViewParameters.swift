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
    /// What pixels are normalised with before they are mixed, red, green, blue.
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

extension NamedOperation {
    /// The name for a contact sheet: timm's, less what no caption has room for.
    var title: String {
        name.hasSuffix("Increasing") ? String(name.dropLast("Increasing".count)) : name
    }

    /// The argument with its unit, for a contact sheet.
    var argumentText: String {
        guard let argument else { return "" }
        return switch operation {
        case .rotate: String(format: "%+.1f degrees", argument)
        case .posterize: String(format: "%.0f bits", argument)
        case .solarize: String(format: "from %.0f", argument)
        case .solarizeAdd: String(format: "+%.0f below 128", argument)
        case .translateX, .translateY: String(format: "%+.1f %% of side", argument * 100)
        case .shearX, .shearY: String(format: "%+.3f", argument)
        case .hue: String(format: "%+.1f degrees", argument * 360)
        case .gaussianBlur: String(format: "%.2f pixels", argument)
        default: String(format: "factor %.3f", argument)
        }
    }
}
