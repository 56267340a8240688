/// Named figures of a step, or their sums over several: the loss, its terms.
///
/// Their order is that in which they are told; in JSON, names are keys.
package struct Measures: Equatable, Sendable {
    /// A figure and its name.
    package struct Figure: Equatable, Sendable {
        package let name: String
        package var value: Double
    }

    package private(set) var figures: [Figure]

    /// Figures under their names, no two alike.
    package init(_ names: [String], _ values: [Double]) {
        precondition(names.count == values.count && Set(names).count == names.count)
        figures = zip(names, values).map { Figure(name: $0, value: $1) }
    }

    /// Zeros.
    package init(zeros names: [String]) { self.init(names, names.map { _ in 0 }) }

    /// The figure of a name; `nil` if there is none.
    package subscript(name: String) -> Double? { figures.first { $0.name == name }?.value }

    /// Adds other figures to those of the same names; such as are not there yet come to the end.
    package mutating func add(_ other: Measures) {
        for figure in other.figures {
            if let index = figures.firstIndex(where: { $0.name == figure.name }) {
                figures[index].value += figure.value
            } else {
                figures.append(figure)
            }
        }
    }

    /// Every figure divided by a count.
    package func divided(by count: Double) -> Measures {
        Measures(figures.map(\.name), figures.map { $0.value / count })
    }

    /// Whether all figures are numbers.
    package var areFinite: Bool { figures.allSatisfy(\.value.isFinite) }
}
