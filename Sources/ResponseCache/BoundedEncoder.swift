import Foundation

/// Stores rows with as few classes as keep each within a bound of the Kullback–Leibler divergence.
///
/// The bound holds for every row as it is decoded, measured in float64. Encoding is a pure function
/// of the row.
struct BoundedEncoder {
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

    /// Classes that are looked at first; most rows need no more.
    private static let firstLook = 32

    init(layout: BoundedLayout, maxKL: Double) {
        self.layout = layout
        self.maxKL = maxKL
        decoded = [Float](repeating: 0, count: layout.classes)
        exact = [Double](repeating: 0, count: layout.classes)
    }

    /// Appends a row.
    ///
    /// - Parameters:
    ///   - row: `[classes]` probabilities, checked.
    ///   - sum: their sum.
    /// - Returns: the divergence of the row from what is decoded, in nats.
    mutating func append(_ row: UnsafePointer<Float>, sum: Double) -> Double {
        var negativeEntropy = 0.0
        for index in 0..<layout.classes {
            let p = Double(row[index]) / sum + 0
            exact[index] = p
            if p > 0 { negativeEntropy += p * log(p) }
        }
        var first = 1
        for look in [min(Self.firstLook, layout.mostEntries), layout.mostEntries] {
            selection.select(look, of: row, classes: layout.classes)
            while let (count, tail) = fewest(from: first, of: look, negativeEntropy) {
                let start = packed.bytes.count
                pack(count, tail)
                if let divergence = divergence(from: start, entries: count), divergence <= maxKL {
                    entries.append(UInt8(count))
                    return divergence
                }
                // Decoding rounds to float32, which can tip a row that lies on the bound.
                packed.removeBytes(from: start)
                first = count + 1
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

    /// The fewest of the selected classes, at least `first`, that are expected to keep the bound,
    /// and the tail.
    ///
    /// With weights w for the stored classes and t for the others together, and Z their sum, the
    /// divergence is Σ p ln p - Σ p ln w - B ln(t / (C - n)) + ln Z over the stored p, with B what
    /// the others have.
    private mutating func fewest(
        from first: Int, of limit: Int, _ negativeEntropy: Double
    ) -> (count: Int, tail: Int)? {
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
            let count = entry + 1
            guard count >= first else { continue }
            guard count < layout.classes else {
                return negativeEntropy + coded + log(weight) <= maxKL ? (count, 0) : nil
            }
            let others = max(1 - stored, 0)
            let tail =
                others > 0
                ? layout.tail(octaves: log2(top / others)) : layout.tailWeights.count - 1
            let share = layout.tailWeights[tail] / Double(layout.classes - count)
            let divergence =
                negativeEntropy + coded + log(weight + layout.tailWeights[tail])
                - others * log(share)
            if divergence <= maxKL { return (count, tail) }
        }
        return nil
    }

    private mutating func pack(_ count: Int, _ tail: Int) {
        packed.append(tail, bits: layout.tailBits)
        for entry in 0..<count {
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
                    layout.decode(
                        UnsafeBufferPointer(rebasing: bytes[start...]), entries: entries, into: $0)
                }
            }
        }
        return fault == nil ? Divergence.of(exact, from: decoded) : nil
    }
}

/// The Kullback–Leibler divergence of stored rows from the true ones.
enum Divergence {
    /// Σ p ln(p / q) in nats, over p > 0.
    static func of(_ exact: [Double], from decoded: [Float]) -> Double {
        var sum = 0.0
        for (p, q) in zip(exact, decoded) where p > 0 { sum += p * log(p / Double(q)) }
        // Rounding may leave a perfect row a hair below zero.
        return max(sum, 0)
    }
}
