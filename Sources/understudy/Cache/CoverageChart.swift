import ResponseCache

/// Which epochs of a cache are there, in one line: a mark for each epoch, or for each run of epochs
/// where there are many.
struct CoverageChart: CustomStringConvertible {
    let description: String

    private static let width = 60

    /// Charts a cache as it is now.
    init(_ reader: CacheReader) {
        let parts = reader.manifest.partsPerEpoch
        let there = reader.coverage().mapValues(\.count)
        self.init(
            shares: (0..<reader.manifest.epochs).map { Double(there[$0] ?? 0) / Double(parts) })
    }

    /// Charts the share of each epoch that is there.
    init(shares: [Double]) {
        let run = max(1, (shares.count + Self.width - 1) / Self.width)
        let marks = stride(from: 0, to: shares.count, by: run).map { start -> Character in
            let some = shares[start..<min(start + run, shares.count)]
            if some.allSatisfy({ $0 == 1 }) { return "#" }
            return some.allSatisfy { $0 == 0 } ? "." : "+"
        }
        description =
            "\(String(marks))  \(run == 1 ? "a mark" : "\(run) epochs a mark"): "
            + "# whole, + in part, . missing"
    }
}
