import Foundation
import Views

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
