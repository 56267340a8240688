import Foundation

/// The accuracy of classes, a row for each and a dot for each arm, as SVG.
struct ClassChart {
    struct Row {
        let name: String
        /// Percent by the number of the arm's color; `nil` where the arm has no images of the class.
        let values: [(color: Int, title: String, value: Double)]
    }

    let rows: [Row]

    private static let (width, right, top, bottom) = (460.0, 14.0, 6.0, 36.0)
    /// Characters of a name that fit beside the rows, and the room for one.
    private static let (nameLength, letter) = (20, 7.2)
    private static let radius = 3.5

    /// The vertical distance of two dots of a row, which one above the other could not be told apart.
    private var step: Double { min(4, 16 / Double(max(most, 1))) }
    private var most: Int { rows.map(\.values.count).max() ?? 0 }
    private var line: Double { max(18, 10 + Double(most) * step) }
    private var left: Double {
        16 + Self.letter * Double(min(rows.map(\.name.count).max() ?? 0, Self.nameLength))
    }

    var svg: String {
        let height = Self.top + Double(rows.count) * line + Self.bottom
        let axis = Axis(rows.flatMap { $0.values.map(\.value) }, bounds: 0...100)
        func x(_ value: Double) -> String {
            LineChart.number(left + axis.place(value) * (Self.width - left - Self.right))
        }
        let floor = LineChart.number(height - Self.bottom)
        var lines = [
            "<svg viewBox=\"0 0 \(LineChart.number(Self.width)) \(LineChart.number(height))\" "
                + "role=\"img\" aria-label=\"accuracy by class, %\">"
        ]
        for (tick, text) in zip(axis.ticks, axis.labels) {
            lines.append(
                "<line class=\"grid\" x1=\"\(x(tick))\" x2=\"\(x(tick))\" "
                    + "y1=\"\(LineChart.number(Self.top))\" y2=\"\(floor)\"/>"
                    + "<text class=\"tick\" text-anchor=\"middle\" x=\"\(x(tick))\" "
                    + "y=\"\(LineChart.number(height - Self.bottom + 15))\">\(text)</text>")
        }
        for (index, row) in rows.enumerated() {
            let y = LineChart.number(Self.top + (Double(index) + 0.5) * line)
            let name =
                row.name.count > Self.nameLength
                ? row.name.prefix(Self.nameLength - 1) + "…" : row.name[...]
            lines.append(
                "<line class=\"grid\" x1=\"\(LineChart.number(left))\" "
                    + "x2=\"\(LineChart.number(Self.width - Self.right))\" y1=\"\(y)\" "
                    + "y2=\"\(y)\"/><text class=\"tick\" text-anchor=\"end\" "
                    + "x=\"\(LineChart.number(left - 8))\" y=\"\(y)\" dy=\"0.35em\">"
                    + "\(String(name).markup)</text>")
            for (place, dot) in row.values.enumerated() {
                let offset = (Double(place) - Double(row.values.count - 1) / 2) * step
                let y = LineChart.number(Self.top + (Double(index) + 0.5) * line + offset)
                lines.append(
                    "<circle class=\"dot c\(dot.color)\" cx=\"\(x(dot.value))\" cy=\"\(y)\" "
                        + "r=\"\(Self.radius)\"><title>\(dot.title.markup)</title></circle>")
            }
        }
        lines.append(
            "<text class=\"unit\" text-anchor=\"end\" "
                + "x=\"\(LineChart.number(Self.width - Self.right))\" "
                + "y=\"\(LineChart.number(height - 4))\">% of a class's images</text>")
        return (lines + ["</svg>"]).joined(separator: "\n")
    }
}
