import Foundation

/// Stores rows with as few classes as keep each within a bound of the Kullback–Leibler divergence.
///
/// The bound holds for every row as it is decoded, measured in float64. Encoding is a pure function
/// of the row.
struct BoundedEncoder: RowEncoder {
    let layout: BoundedLayout
    let maxKL: Double

    /// The length of each row so far, as it is written.
    private(set) var lengths: [UInt8] = []
    /// The rows so far.
    private(set) var packed = BitWriter()

    private var selection = LargestClasses()
    private var decoded: [Float]
    private var exact: [Double]
    private var codes: [Int] = []
    private var tails: TailCost
    private var ranks: ClassRanks

    /// How many classes are looked at first, and then where those are not enough.
    private let looks: [Int]

    init(layout: BoundedLayout, maxKL: Double) {
        self.layout = layout
        self.maxKL = maxKL
        decoded = [Float](repeating: 0, count: layout.classes)
        exact = [Double](repeating: 0, count: layout.classes)
        tails = TailCost(layout)
        ranks = ClassRanks(layout)
        looks = [32, 256].filter { $0 < layout.classes } + [layout.classes]
    }

    var storage: PartRows.Storage {
        .bounded(
            layout, lengths: lengths,
            packed: packed.bytes + [UInt8](repeating: 0, count: BoundedDecoder.padding),
            starts: layout.starts(of: lengths))
    }

    mutating func append(
        _ row: UnsafeBufferPointer<Float>, sum: Double, positive: Int
    ) -> (divergence: Double, entries: Int) {
        var negativeEntropy = 0.0
        for index in 0..<layout.classes {
            let p = Double(row[index]) / sum + 0
            exact[index] = p
            if p > 0 { negativeEntropy += p * log(p) }
        }
        let everyCode = layout.bytes(of: BoundedLayout.everyCode)
        if let found = appendFewest(of: row, within: everyCode, negativeEntropy) { return found }
        if let divergence = appendCodes() { return (divergence, layout.classes) }
        let longest = layout.bytes(of: BoundedLayout.everyFloat - 1)
        let limit = min(longest, layout.bytes(of: BoundedLayout.everyFloat))
        if let found = appendFewest(of: row, within: limit, negativeEntropy) { return found }
        return (appendFloats(), layout.classes)
    }

    /// Appends the fewest classes that keep the bound, if that takes no more than `limit` bytes.
    private mutating func appendFewest(
        of row: UnsafeBufferPointer<Float>, within limit: Int, _ negativeEntropy: Double
    ) -> (divergence: Double, entries: Int)? {
        var first = 1
        for look in looks {
            selection.select(look, of: row)
            while let choice = fewest(from: first, of: look, within: limit, negativeEntropy) {
                let start = packed.bytes.count
                guard let length = pack(choice), layout.bytes(of: length) <= limit else {
                    packed.removeBytes(from: start)
                    return nil
                }
                if let divergence = divergence(from: start, length: length), divergence <= maxKL {
                    lengths.append(length)
                    return (divergence, choice.count)
                }
                // Decoding rounds to float32, which can tip a row that lies on the bound.
                packed.removeBytes(from: start)
                first = choice.count + 1
            }
            first = max(first, look + 1)
        }
        return nil
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
        if let divergence = divergence(from: start, length: BoundedLayout.everyCode),
            divergence <= maxKL
        {
            lengths.append(BoundedLayout.everyCode)
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
        let isRanked: Bool
    }

    /// The fewest of the selected classes, at least `first`, that are expected to keep the bound,
    /// and the tail for them; nil if that takes more than `bytes` or more classes.
    ///
    /// With weights w for the stored classes, t for the others together, of which class i has the
    /// share s, and Z the sum of all, the divergence is
    /// Σ p ln p - Σ p ln w (stored) - Σ p ln (t s) (others) + ln Z.
    private mutating func fewest(
        from first: Int, of look: Int, within bytes: Int, _ negativeEntropy: Double
    ) -> Choice? {
        codes.removeAll(keepingCapacity: true)
        let top = exact[selection[0]]
        var (stored, coded, weight) = (0.0, 0.0, 0.0)
        let nats = log(2) / Double(1 << layout.fineness)
        var (bits, rankedBits) = (layout.headBits, layout.hasRanks ? layout.headBits : .max / 2)
        for entry in 0..<look {
            let p = exact[selection[entry]]
            let code = p > 0 ? layout.code(octaves: log2(top / p)) : layout.weights.count - 1
            let step = entry > 0 ? code - codes[entry - 1] + 1 : 0
            ranks.store(selection[entry], entry: entry)
            bits += layout.indexBits + step
            rankedBits += ranks.bits(selection[entry], entry: entry) + step
            guard min(bits, rankedBits) <= 8 * bytes else { return nil }
            codes.append(code)
            stored += p
            coded += p * nats * Double(code)
            weight += Double(layout.weights[code])
            tails.store(selection[entry], code: code, entry: entry, of: exact)
            let count = entry + 1
            guard count >= first else { continue }
            guard count < layout.classes else {
                return negativeEntropy + coded + log(weight) <= maxKL
                    ? Choice(
                        count: count, tail: 0, isByPrior: false, isRanked: rankedBits < bits) : nil
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
                return Choice(
                    count: count, tail: tail, isByPrior: sharing.isByPrior,
                    isRanked: rankedBits < bits)
            }
        }
        return nil
    }

    /// Appends a row of single classes.
    ///
    /// - Returns: its length, or nil if there is none for it.
    private mutating func pack(_ choice: Choice) -> UInt8? {
        let start = packed.bytes.count
        packed.append(choice.tail, bits: layout.tailBits)
        packed.append(choice.isByPrior ? 1 : 0, bits: 1)
        packed.append(choice.isRanked ? 1 : 0, bits: 1)
        packed.append(choice.count - 1, bits: layout.indexBits)
        let plain = choice.isRanked ? min(2, choice.count) : choice.count
        for entry in 0..<plain { packed.append(selection[entry], bits: layout.indexBits) }
        if plain < choice.count {
            ranks.append((plain..<choice.count).map { selection[$0] }, to: &packed)
        }
        for entry in 1..<max(choice.count, 1) {
            packed.append(zeros: codes[entry] - codes[entry - 1])
        }
        packed.finishByte()
        let bytes = packed.bytes.count - start
        guard let length = layout.length(bytes: bytes) else { return nil }
        packed.append(zeroBytes: layout.bytes(of: length) - bytes)
        return length
    }

    private mutating func appendFloats() -> Double {
        let start = packed.bytes.count
        for value in exact { packed.append(Int(Float(value).bitPattern), bits: 32) }
        lengths.append(BoundedLayout.everyFloat)
        return divergence(from: start, length: BoundedLayout.everyFloat) ?? .infinity
    }

    /// The divergence of the row at hand from what the bytes from `start` decode to.
    private mutating func divergence(from start: Int, length: UInt8) -> Double? {
        packed.append(zeroBytes: BoundedDecoder.padding)
        let fault = Self.decode(packed.bytes, at: start, length, layout, into: &decoded)
        packed.removeLastBytes(BoundedDecoder.padding)
        return fault == nil ? Divergence.of(exact, from: decoded) : nil
    }

    private static func decode(
        _ packed: [UInt8], at start: Int, _ length: UInt8, _ layout: BoundedLayout,
        into decoded: inout [Float]
    ) -> String? {
        decoded.withUnsafeMutableBufferPointer { decoded in
            packed.withUnsafeBufferPointer { packed in
                layout.withDecoder { decoder in
                    decoded.baseAddress.flatMap {
                        decoder.decode(packed, at: start, length: length, into: $0)
                    }
                }
            }
        }
    }
}

/// Puts fields into bytes, lowest bit first.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var held: UInt64 = 0
    private var count = 0

    /// Appends a field of up to 32 bits.
    mutating func append(_ value: Int, bits: Int) {
        held |= UInt64(value) << UInt64(count)
        count += bits
        while count >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: held))
            held >>= 8
            count -= 8
        }
    }

    /// Appends zeros and a one.
    mutating func append(zeros: Int) {
        for _ in 0..<zeros / 32 { append(0, bits: 32) }
        append(1 << (zeros % 32), bits: zeros % 32 + 1)
    }

    /// Appends zero bytes, at a byte's border.
    mutating func append(zeroBytes count: Int) {
        precondition(self.count == 0, "bytes begin where a byte ends")
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    /// Fills the last byte with zeros.
    mutating func finishByte() {
        guard count > 0 else { return }
        bytes.append(UInt8(truncatingIfNeeded: held))
        held = 0
        count = 0
    }

    /// Takes back the last bytes, at a byte's border.
    mutating func removeLastBytes(_ count: Int) { bytes.removeLast(count) }

    /// Takes back the bytes from `start` on, at a byte's border.
    mutating func removeBytes(from start: Int) { bytes.removeSubrange(start...) }
}
