import Foundation

/// Stores rows with as few classes as keep each within a bound of the Kullback–Leibler divergence.
///
/// The bound holds for every row as it is decoded, measured in float64. Encoding is a pure function
/// of the row.
struct BoundedEncoder: RowEncoder {
    let layout: BoundedLayout
    let maxKL: Double

    /// Entries of each row so far.
    private(set) var entries: [UInt8] = []
    /// The rows so far.
    private(set) var packed = BitWriter()

    private var selection = LargestClasses()
    private var decoded: [Float]
    private var exact: [Double]
    private var codes: [Int] = []
    private var tails: TailCost

    /// Classes that are looked at first; most rows need no more.
    private static let firstLook = 32

    init(layout: BoundedLayout, maxKL: Double) {
        self.layout = layout
        self.maxKL = maxKL
        decoded = [Float](repeating: 0, count: layout.classes)
        exact = [Double](repeating: 0, count: layout.classes)
        tails = TailCost(layout)
    }

    var storage: PartRows.Storage {
        .bounded(
            layout, entries: entries, packed: packed.bytes, starts: layout.starts(of: entries))
    }

    mutating func append(
        _ row: UnsafeBufferPointer<Float>, sum: Double, positive: Int
    ) -> (divergence: Double, entries: Int) {
        let divergence = append(row, sum: sum)
        return (divergence, layout.stored(entries: entries[entries.count - 1]))
    }

    private mutating func append(_ row: UnsafeBufferPointer<Float>, sum: Double) -> Double {
        var negativeEntropy = 0.0
        for index in 0..<layout.classes {
            let p = Double(row[index]) / sum + 0
            exact[index] = p
            if p > 0 { negativeEntropy += p * log(p) }
        }
        var first = 1
        for look in [min(Self.firstLook, layout.mostEntries), layout.mostEntries] {
            selection.select(look, of: row)
            while let choice = fewest(from: first, of: look, negativeEntropy) {
                let start = packed.bytes.count
                pack(choice)
                if let divergence = divergence(from: start, entries: choice.count),
                    divergence <= maxKL
                {
                    entries.append(UInt8(choice.count))
                    return divergence
                }
                // Decoding rounds to float32, which can tip a row that lies on the bound.
                packed.removeBytes(from: start)
                first = choice.count + 1
            }
        }
        return appendCodes() ?? appendFloats()
    }

    /// Appends a code for every class, if that keeps the bound.
    private mutating func appendCodes() -> Double? {
        let start = packed.bytes.count
        let top = exact[selection[0]]
        for p in exact {
            packed.append(
                p > 0 ? layout.code(octaves: log2(top / p)) : layout.weights.count - 1,
                bits: layout.codeBits)
        }
        packed.finishByte()
        if let divergence = divergence(from: start, entries: BoundedLayout.everyCode),
            divergence <= maxKL
        {
            entries.append(UInt8(BoundedLayout.everyCode))
            return divergence
        }
        packed.removeBytes(from: start)
        return nil
    }

    /// How many classes a row stores, and what the others have.
    private struct Choice {
        let count: Int
        let tail: Int
        let isByPrior: Bool
    }

    /// The fewest of the selected classes, at least `first`, that are expected to keep the bound,
    /// and the tail for them.
    ///
    /// With weights w for the stored classes, t for the others together, of which class i has the
    /// share s, and Z the sum of all, the divergence is
    /// Σ p ln p - Σ p ln w (stored) - Σ p ln (t s) (others) + ln Z.
    private mutating func fewest(
        from first: Int, of limit: Int, _ negativeEntropy: Double
    ) -> Choice? {
        codes.removeAll(keepingCapacity: true)
        let top = exact[selection[0]]
        var (stored, coded, weight) = (0.0, 0.0, 0.0)
        let nats = log(2) / Double(1 << layout.fineness)
        for entry in 0..<limit {
            let p = exact[selection[entry]]
            let code = p > 0 ? layout.code(octaves: log2(top / p)) : layout.weights.count - 1
            codes.append(code)
            stored += p
            coded += p * nats * Double(code)
            weight += layout.weights[code]
            tails.store(selection[entry], code: code, entry: entry, of: exact)
            let count = entry + 1
            guard count >= first else { continue }
            guard count < layout.classes else {
                return negativeEntropy + coded + log(weight) <= maxKL
                    ? Choice(count: count, tail: 0, isByPrior: false) : nil
            }
            let others = max(1 - stored, 0)
            let tail =
                others > 0
                ? layout.tail(octaves: log2(top / others)) : layout.tailWeights.count - 1
            let tailWeight = layout.tailWeights[tail]
            let sharing = tails.least(others: others, unstored: layout.classes - count)
            let divergence =
                negativeEntropy + coded + log(weight + tailWeight) - others * log(tailWeight)
                + sharing.cost
            if divergence <= maxKL {
                return Choice(count: count, tail: tail, isByPrior: sharing.isByPrior)
            }
        }
        return nil
    }

    private mutating func pack(_ choice: Choice) {
        packed.append(choice.tail, bits: layout.tailBits)
        packed.append(choice.isByPrior ? 1 : 0, bits: 1)
        for entry in 0..<choice.count {
            packed.append(selection[entry], bits: layout.indexBits)
            if entry > 0 { packed.append(codes[entry], bits: layout.codeBits) }
        }
        packed.finishByte()
    }

    private mutating func appendFloats() -> Double {
        let start = packed.bytes.count
        for value in exact {
            let bits = Float(value).bitPattern
            packed.append(contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) })
        }
        entries.append(UInt8(BoundedLayout.everyFloat))
        return divergence(from: start, entries: BoundedLayout.everyFloat) ?? .infinity
    }

    /// The divergence of the row at hand from what the bytes from `start` decode to.
    private mutating func divergence(from start: Int, entries: Int) -> Double? {
        let (layout, packed) = (layout, packed)
        let fault = decoded.withUnsafeMutableBufferPointer { decoded in
            packed.bytes.withUnsafeBufferPointer { bytes in
                decoded.baseAddress.flatMap {
                    layout.decode(bytes, at: start, entries: entries, into: $0)
                }
            }
        }
        return fault == nil ? Divergence.of(exact, from: decoded) : nil
    }
}

/// The Kullback–Leibler divergence of stored rows from the true ones.
enum Divergence {
    /// Σ p ln(p / q) in nats, over p > 0.
    static func of(_ exact: some Sequence<Double>, from decoded: [Float]) -> Double {
        var sum = 0.0
        for (p, q) in zip(exact, decoded) where p > 0 { sum += p * log(p / Double(q)) }
        // Rounding may leave a perfect row a hair below zero.
        return max(sum, 0)
    }
}
