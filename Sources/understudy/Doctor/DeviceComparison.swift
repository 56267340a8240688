import Foundation
import Torch

/// How far a device's numbers are from the CPU's.
struct DeviceComparison: Encodable {
    /// What was compared.
    let what: String
    /// The difference, in the measure that `what` names.
    let difference: Double
    /// What it may be at most.
    let tolerance: Double

    /// Whether the device is within the tolerance; a difference that is no number is not.
    var holds: Bool { difference <= tolerance }

    private enum CodingKeys: String, CodingKey { case what, difference, tolerance, holds }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(what, forKey: .what)
        // JSON has no word for a difference that is no number: null.
        try container.encode(difference.isFinite ? difference : nil, forKey: .difference)
        try container.encode(tolerance, forKey: .tolerance)
        try container.encode(holds, forKey: .holds)
    }
}

extension DeviceComparison {
    /// Compares by the norm of the difference over that of the reference.
    static func relative(
        _ what: String, _ values: [Float], to reference: [Float], tolerance: Double
    ) -> DeviceComparison {
        guard values.count == reference.count else { return .unlike(what, tolerance) }
        var difference = 0.0
        var norm = 0.0
        for (value, expected) in zip(values, reference) {
            difference += (Double(value) - Double(expected)) * (Double(value) - Double(expected))
            norm += Double(expected) * Double(expected)
        }
        // A reference of zeros only is met by zeros only.
        let ratio = difference == 0 ? 0 : (difference / norm).squareRoot()
        return DeviceComparison(what: "\(what), relative", difference: ratio, tolerance: tolerance)
    }

    /// Compares by the largest absolute difference.
    static func largest(
        _ what: String, _ values: [Float], to reference: [Float], tolerance: Double
    ) -> DeviceComparison {
        guard values.count == reference.count else { return .unlike(what, tolerance) }
        var largest = 0.0
        for (value, expected) in zip(values, reference) {
            let difference = abs(Double(value) - Double(expected))
            // `max` would drop a NaN.
            if !(difference <= largest) { largest = difference }
            if largest.isNaN { break }
        }
        return DeviceComparison(what: "\(what), largest", difference: largest, tolerance: tolerance)
    }

    /// Counts the elements that differ, of which there may be none.
    static func count<Element: Equatable>(
        _ what: String, _ values: [Element], to reference: [Element]
    ) -> DeviceComparison {
        guard values.count == reference.count else { return .unlike(what, 0) }
        let differing = zip(values, reference).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) }
        return DeviceComparison(
            what: "\(what), that differ", difference: Double(differing), tolerance: 0)
    }

    private static func unlike(_ what: String, _ tolerance: Double) -> DeviceComparison {
        DeviceComparison(what: "\(what), shape", difference: .nan, tolerance: tolerance)
    }
}
