import Foundation

/// Curves over a common axis, as SVG that stands in a page.
struct LineChart {
    struct Point: Equatable {
        let x: Double
        let y: Double
    }

    enum Style: String {
        case solid
        case dashed
        /// Marks without a line between them.
        case marks
    }

    struct Series {
        /// What a pointer that rests on it is told.
        let title: String
        /// The number of its color.
        let color: Int
        let style: Style
        let points: [Point]
    }

    let title: String
    /// The unit of the vertical axis.
    let unit: String
    let series: [Series]
    /// What the vertical axis never leaves.
    var bounds: ClosedRange<Double> = -.infinity ... .infinity

    private static let (width, height) = (460.0, 250.0)
    private static let (left, right, top, bottom) = (56.0, 10.0, 10.0, 38.0)

    /// Whether there is anything to see.
    var isEmpty: Bool { series.allSatisfy(\.points.isEmpty) }

    /// The chart without its title, which is the page's to set.
    var svg: String {
        let points = series.flatMap(\.points)
        let xs = Axis(points.map(\.x), whole: true)
        let ys = Axis(points.map(\.y), bounds: bounds)
        func x(_ value: Double) -> Double {
            Self.left + xs.place(value) * (Self.width - Self.left - Self.right)
        }
        func y(_ value: Double) -> Double {
            Self.height - Self.bottom - ys.place(value) * (Self.height - Self.top - Self.bottom)
        }
        var lines = [
            "<svg viewBox=\"0 0 \(Self.number(Self.width)) \(Self.number(Self.height))\" "
                + "role=\"img\" aria-label=\"\((title + ", " + unit).markup)\">"
        ]
        let end = Self.width - Self.right
        for (tick, text) in zip(ys.ticks, ys.labels) {
            let at = Self.number(y(tick))
            lines.append(
                "<line class=\"grid\" x1=\"\(Self.number(Self.left))\" x2=\"\(Self.number(end))\" "
                    + "y1=\"\(at)\" y2=\"\(at)\"/><text class=\"tick\" text-anchor=\"end\" "
                    + "x=\"\(Self.number(Self.left - 6))\" y=\"\(at)\" dy=\"0.35em\">\(text)</text>"
            )
        }
        let floor = Self.height - Self.bottom
        for (tick, text) in zip(xs.ticks, xs.labels) {
            let at = Self.number(x(tick))
            lines.append(
                "<line class=\"axis\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(Self.number(floor))\" "
                    + "y2=\"\(Self.number(floor + 4))\"/><text class=\"tick\" "
                    + "text-anchor=\"middle\" x=\"\(at)\" y=\"\(Self.number(floor + 17))\">\(text)"
                    + "</text>")
        }
        lines.append(
            "<line class=\"axis\" x1=\"\(Self.number(Self.left))\" x2=\"\(Self.number(end))\" "
                + "y1=\"\(Self.number(floor))\" y2=\"\(Self.number(floor))\"/>"
                + "<text class=\"unit\" text-anchor=\"end\" x=\"\(Self.number(end))\" "
                + "y=\"\(Self.number(Self.height - 5))\">epoch</text>")
        for one in series where !one.points.isEmpty {
            lines.append(one.svg(x: x, y: y))
        }
        return (lines + ["</svg>"]).joined(separator: "\n")
    }

    static func number(_ value: Double) -> String {
        let text = String(format: "%.1f", value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension LineChart.Series {
    fileprivate func svg(x: (Double) -> Double, y: (Double) -> Double) -> String {
        let number = LineChart.number
        let places = points.map { "\(number(x($0.x))),\(number(y($0.y)))" }
        var body = "<title>\(title.markup)</title>"
        // A line of one point would not be seen.
        if style != .marks, points.count > 1 {
            body += "<polyline points=\"\(places.joined(separator: " "))\"/>"
        } else {
            for point in points {
                let (x, y, size) = (x(point.x), y(point.y), 5.0)
                body +=
                    "<path d=\"M\(number(x)) \(number(y - size))L\(number(x + size)) \(number(y))"
                    + "L\(number(x)) \(number(y + size))L\(number(x - size)) \(number(y))Z\"/>"
            }
        }
        return "<g class=\"series \(style.rawValue) c\(color)\">\(body)</g>"
    }
}

/// The range of an axis and its ticks at round numbers.
struct Axis {
    let range: ClosedRange<Double>
    let ticks: [Double]
    private let step: Double

    /// - Parameters:
    ///   - values: what is to be seen; none gives 0…1.
    ///   - whole: whether there are ticks at whole numbers only, and no margin around the values.
    ///   - bounds: what the axis never leaves.
    init(
        _ values: [Double], whole: Bool = false,
        bounds: ClosedRange<Double> = -.infinity ... .infinity
    ) {
        let least = values.min() ?? 0
        let greatest = values.max() ?? 1
        let spread = greatest - least
        let margin =
            whole ? (spread > 0 ? 0 : 1) : spread > 0 ? 0.05 * spread : max(abs(least), 1) * 0.1
        let lower = max(least - margin, bounds.lowerBound)
        let upper = max(min(greatest + margin, bounds.upperBound), lower.nextUp)
        range = lower...upper
        let step = Self.step(upper - lower, whole: whole)
        self.step = step
        let first = Int((lower / step).rounded(.up))
        let last = max(first, Int((upper / step).rounded(.down)))
        ticks = (first...last).map { Double($0) * step }.filter { (lower...upper).contains($0) }
    }

    /// 1, 2 or 5 times a power of ten, so that there are about five ticks.
    private static func step(_ length: Double, whole: Bool) -> Double {
        let rough = length / 5
        let power = pow(10, floor(log10(rough)))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
        return whole ? max(1, step.rounded()) : step
    }

    /// The part of the way from the lower end to the upper one.
    func place(_ value: Double) -> Double {
        (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    }

    var labels: [String] {
        let largest = max(abs(range.lowerBound), abs(range.upperBound))
        if step < 1e-4 || largest >= 1e6 {
            return ticks.map { $0 == 0 ? "0" : String(format: "%.3g", $0) }
        }
        let digits = max(0, Int((-log10(step)).rounded(.up)))
        return ticks.map { String(format: "%.\(digits)f", $0 == 0 ? 0 : $0) }
    }
}

extension String {
    /// The text as it stands in HTML and XML, also between double quotes.
    var markup: String {
        printable.replacingOccurrences(of: "&", with: "&amp;")
            .replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;")
            .replacingOccurrences(of: "\"", with: "&quot;")
    }
}
