import Base
import Distillation
import Foundation
import Graphs

/// What 8 bits cost a network.
struct Int8Report {
    /// Top-1 in floats and in integers, in percent.
    let exact: Double
    let top1: Double
    /// Images that decided the scales, and that showed which layers suffer.
    let views: Int
    /// Those first that suffer most.
    let layers: [LayerSensitivity]

    /// How many layers the text lists.
    private static let listed = 10

    /// At most 80 columns wide.
    var text: String {
        let head = String(
            format: "int8: top-1 %.3f %%, %.3f points %@; scales from %@ images", top1,
            abs(exact - top1), top1 <= exact ? "lost" : "won", views.grouped)
        let images = layers.first?.images ?? 0
        let columns = ["signal to noise", "answers changed"]
        let width = 80 - columns.reduce(0) { $0 + $1.count + 2 }
        let title = "layers that suffer most, each alone"
        let rows = layers.prefix(Self.listed).map { layer in
            let decibels =
                layer.decibels.isFinite
                ? String(format: "%.1f dB", layer.decibels) : "no noise"
            return layer.layer.printable.fitted(to: width).padded(to: width)
                + "  " + decibels.flushRight(to: columns[0].count)
                + "  "
                + String(format: "%.1f %%", layer.changedShare).flushRight(to: columns[1].count)
        }
        return
            ([head, ""]
            + [title.padded(to: width) + columns.map { "  " + $0 }.joined()] + rows
            + [
                "",
                "of the logits, over \(images) images; 20 dB are errors of a tenth of the logits",
            ])
            .joined(separator: "\n")
    }
}

extension Int8Report: Encodable {
    private enum Key: String, CodingKey {
        case top1, lost
        case views = "calibration_images"
        case layers
    }

    private struct Layer: Encodable {
        let layer: String
        let decibels: Double
        let changed: Double
        let images: Int
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(top1, forKey: .top1)
        try object.encode(exact - top1, forKey: .lost)
        try object.encode(views, forKey: .views)
        try object.encode(
            layers.map {
                Layer(
                    layer: $0.layer, decibels: $0.decibels, changed: $0.changedShare,
                    images: $0.images)
            }, forKey: .layers)
    }
}
