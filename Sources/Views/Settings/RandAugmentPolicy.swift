import StrictYAML

/// RandAugment's settings, written as timm writes them: `rand-m7-mstd0.5`.
///
/// Parts, in any order: `m` magnitude (whole, default 10), `n` operations per image (default 2),
/// `mstd` standard deviation of the magnitude (default 0; above 100 the magnitude is uniform in
/// 0…m), `p` probability of each operation (default 0.5), `inc` 1 for the set whose severity grows
/// with the magnitude (default 0). timm's other parts, `mmax` and `t`, are refused.
///
/// Source: timm 1.0.31, `timm/data/auto_augment.py`, `rand_augment_transform`.
package struct RandAugmentPolicy: Sendable, Equatable, CustomStringConvertible {
    /// The mean magnitude on the scale 0…10.
    package var magnitude: Int
    /// How many operations are drawn per image, with replacement.
    package var operations: Int
    /// The standard deviation of the magnitude; infinite for a uniform draw in 0…`magnitude`.
    package var magnitudeDeviation: Double
    /// The probability that a drawn operation is applied.
    package var probability: Double
    /// Whether posterize, solarize and the enhancers grow more severe with the magnitude.
    package var increasing: Bool

    /// The settings in full.
    package init(
        magnitude: Int, operations: Int = 2, magnitudeDeviation: Double = 0,
        probability: Double = 0.5, increasing: Bool = false
    ) {
        self.magnitude = magnitude
        self.operations = operations
        self.magnitudeDeviation = magnitudeDeviation
        self.probability = probability
        self.increasing = increasing
    }

    /// The published recipe's: `rand-m7-mstd0.5`.
    package static let published = Self(magnitude: 7, magnitudeDeviation: 0.5)

    /// Every part spelled out, in timm's form: `rand-m7-n2-mstd0.5-p0.5-inc0`.
    package var description: String {
        let deviation = magnitudeDeviation.isInfinite ? "101" : "\(magnitudeDeviation)"
        return "rand-m\(magnitude)-n\(operations)-mstd\(deviation)-p\(probability)"
            + "-inc\(increasing ? 1 : 0)"
    }
}

extension RandAugmentPolicy {
    /// Reads timm's form, such as `rand-m7-mstd0.5`.
    ///
    /// - Throws: `YAMLError` that names the part which is unknown, repeated or out of range.
    package init(parsing text: String) throws(YAMLError) {
        let shown = SourcedNode.oneLine(text)
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.first == "rand" else {
            throw YAMLError(
                place: nil,
                message: "expected none or timm's form rand-m7-mstd0.5, found '\(shown)'")
        }
        self.init(magnitude: 10)
        var seen: Set<Substring> = []
        for part in parts.dropFirst() {
            let key = part.prefix { !("0"..."9").contains($0) }
            let value = part.dropFirst(key.count)
            guard ["m", "n", "mstd", "p", "inc"].contains(key) else {
                let problem =
                    key == "mmax" || key.hasPrefix("t") ? "unsupported part" : "unknown part"
                throw YAMLError(
                    place: nil,
                    message: "\(problem) '\(SourcedNode.oneLine(String(part)))' in '\(shown)'; "
                        + "known: m, n, mstd, p, inc")
            }
            guard seen.insert(key).inserted else {
                throw YAMLError(place: nil, message: "part '\(key)' appears twice in '\(shown)'")
            }
            if let expected = assign(key, value) {
                throw YAMLError(
                    place: nil,
                    message: "part '\(SourcedNode.oneLine(String(part)))' in '\(shown)': \(key) "
                        + "takes \(expected)")
            }
        }
    }

    /// Sets one part; returns what it takes if `value` is not that.
    private mutating func assign(_ key: Substring, _ value: Substring) -> String? {
        // Double(_:) also reads hexadecimal and words, which no part means.
        let isDecimal = value.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
        // Below 0.0001 a number prints with an exponent, whose dash would split the part in two.
        let number = (isDecimal ? Double(value) : nil).flatMap { $0 == 0 || $0 >= 1e-4 ? $0 : nil }
        switch key {
        case "m":
            guard let whole = Int(value), (0...100).contains(whole) else {
                return "a whole number from 0 to 100"
            }
            magnitude = whole
        case "n":
            guard let whole = Int(value), (1...100).contains(whole) else {
                return "a whole number from 1 to 100"
            }
            operations = whole
        case "mstd":
            guard let number else { return "0 or a number of at least 0.0001" }
            magnitudeDeviation = number > 100 ? .infinity : number
        case "p":
            guard let number, number <= 1 else { return "0 or a number from 0.0001 to 1" }
            probability = number
        default:
            guard value == "0" || value == "1" else { return "0 or 1" }
            increasing = value == "1"
        }
        return nil
    }
}

extension Form where Value == RandAugmentPolicy? {
    /// timm's form, or `none`.
    static var randAugment: Form {
        Form(
            expected: "none or timm's form rand-m7-mstd0.5",
            read: { (given) throws(YAMLError) in
                if given.node.isNone { return nil }
                guard case .scalar(let text, _) = given.node.content, !text.isEmpty else {
                    throw given.mismatch()
                }
                do throws(YAMLError) {
                    return try RandAugmentPolicy(parsing: text)
                } catch {
                    throw given.error(error.message)
                }
            }, write: { $0?.description ?? "none" })
    }
}
