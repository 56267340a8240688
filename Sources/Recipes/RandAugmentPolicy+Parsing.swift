import StrictYAML

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
