import Foundation

/// How the rows of encoding `bounded` lie in bits.
///
/// A row stores as few classes as keep its divergence within the bound, most probable first. Their
/// probabilities are powers of 2^(-1/steps), relative to the first; what all other classes have
/// together is another such power. They share it evenly or, where the row says so, as the prior of
/// the two most probable classes does, each weighted by its class's probability. Readers divide by
/// the sum, so nothing is ever negative and every class has something. With `steps` = 2^`fineness`
/// and the bits of a row taken from the lowest bit of its first byte upwards, a row of n classes is
/// ```
/// tail    5 + fineness bits    the others' weight is 2^(16 - tail / steps)
/// prior   1 bit                whether the others share by the prior
/// then for each of the n:
/// class   bits enough for classes - 1
/// code    4 + fineness bits    its weight is 2^(-code / steps); none for the first, whose is 0
/// ```
/// and zeros to the end of the last byte. Where n is all classes there are no others, and the tail
/// means nothing. Rows that are too flat for that have a number of classes that none of these has:
/// ``everyCode`` for one that holds a code for each class, in their order; ``everyFloat`` for one
/// that holds the float32 of each, little-endian, which bounds far below 0.01 may ask for.
struct BoundedLayout: Equatable, Sendable {
    /// The number of entries that stands for a row of codes.
    static let everyCode = 0
    /// The number of entries that stands for a row of float32.
    static let everyFloat = 255

    /// Classes per row.
    let classes: Int
    /// The binary logarithm of the steps to an octave.
    let fineness: Int
    /// Bits of a class.
    let indexBits: Int
    /// 2^(-code / steps) for each code.
    let weights: [Double]
    /// 2^(16 - tail / steps) for each tail.
    let tailWeights: [Double]
    /// How the classes that a row does not store share what they have, where the row says so.
    var prior: ResponsePrior?

    /// The layout for a bound.
    ///
    /// Rounding a logarithm to a step of s nats costs s²/24 nats on average and s²/8 at most. The
    /// largest step with s² ≤ 6 · `maxKL` leaves three quarters of the average for left-out classes.
    init(maxKL: Double, classes: Int, prior: ResponsePrior? = nil) {
        precondition(prior.map { $0.classes == classes } ?? true, "a prior of other classes")
        self.classes = classes
        self.prior = prior
        var fineness = 0
        while fineness < 8, pow(log(2) / Double(1 << fineness), 2) > 6 * maxKL { fineness += 1 }
        self.fineness = fineness
        indexBits = Int.bitWidth - (classes - 1).leadingZeroBitCount
        let steps = Double(1 << fineness)
        weights = (0..<16 << fineness).map { exp2(-Double($0) / steps) }
        tailWeights = (0..<32 << fineness).map { exp2(16 - Double($0) / steps) }
    }

    /// Bits of a stored class's code.
    var codeBits: Int { 4 + fineness }
    /// Bits of the tail.
    var tailBits: Int { 5 + fineness }

    /// The bytes of a row with this many classes.
    func bytes(entries: Int) -> Int {
        if entries == Self.everyFloat { return 4 * classes }
        if entries == Self.everyCode { return (classes * codeBits + 7) / 8 }
        let bits = tailBits + 1 + entries * indexBits + max(entries - 1, 0) * codeBits
        return (bits + 7) / 8
    }

    /// Where each row starts, and where the last one ends, in bytes.
    func starts(of entries: [UInt8]) -> [Int] {
        var starts = [0]
        starts.reserveCapacity(entries.count + 1)
        for count in entries {
            starts.append(starts[starts.count - 1] + bytes(entries: Int(count)))
        }
        return starts
    }

    /// The most classes that a row can store one by one.
    var mostEntries: Int { min(classes, Self.everyFloat - 1) }

    /// How many classes a row with this number of entries stores.
    func stored(entries: UInt8) -> Int {
        (1...mostEntries).contains(Int(entries)) ? Int(entries) : classes
    }

    /// Whether a row can have this number of entries.
    func isPossible(entries: Int) -> Bool {
        entries == Self.everyFloat || (0...mostEntries).contains(entries)
    }

    /// The code of a weight that is 2^`-octaves` of the first.
    func code(octaves: Double) -> Int {
        let code = (octaves * Double(1 << fineness)).rounded()
        return Int(min(max(code, 0), Double(weights.count - 1)))
    }

    /// The tail for a weight that is 2^`-octaves` of the first.
    func tail(octaves: Double) -> Int {
        let code = ((16 + octaves) * Double(1 << fineness)).rounded()
        return Int(min(max(code, 0), Double(tailWeights.count - 1)))
    }

    /// Decodes a row.
    ///
    /// - Parameters:
    ///   - packed: rows, of which this one has `bytes(entries:)` bytes from `start` on.
    ///   - out: receives `[classes]` probabilities that sum to 1.
    /// - Returns: nil, or why this cannot be what a writer stored.
    func decode(
        _ packed: UnsafeBufferPointer<UInt8>, at start: Int = 0, entries: Int,
        into out: UnsafeMutablePointer<Float>
    ) -> String? {
        guard isPossible(entries: entries) else {
            return "it stores \(entries) of \(classes) classes"
        }
        if entries == Self.everyFloat { return decodeFloats(packed, start, into: out) }
        if entries == Self.everyCode {
            decodeCodes(packed, start, into: out)
            return nil
        }
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * entries) { stored in
            var bits = BitReader(packed, at: start)
            let tail = bits.next(tailBits)
            let isByPrior = bits.next(1) == 1
            let others = entries < classes ? tailWeights[tail] : 0
            var sum = others
            for entry in 0..<entries {
                let index = bits.next(indexBits)
                guard index < classes else { return "it names class \(index) of \(classes)" }
                let code = entry == 0 ? 0 : bits.next(codeBits)
                stored[2 * entry] = index
                stored[2 * entry + 1] = code
                sum += weights[code]
            }
            let scale = 1 / sum
            if entries < classes {
                if isByPrior {
                    guard let prior else { return "it asks for a prior, and the part has none" }
                    guard spread(others * scale, by: prior, stored: stored, into: out) else {
                        return "it names a class twice"
                    }
                } else {
                    let share = others * scale / Double(classes - entries)
                    out.update(repeating: Float(share), count: classes)
                }
            }
            for entry in 0..<entries {
                out[stored[2 * entry]] = Float(weights[stored[2 * entry + 1]] * scale)
            }
            return nil
        }
    }

    /// Gives every class its share of the tail, stored ones included, which are set afterwards.
    ///
    /// - Parameter stored: pairs of class and code.
    /// - Returns: false if the stored classes have more of the prior than there is.
    private func spread(
        _ tail: Double, by prior: ResponsePrior, stored: UnsafeMutableBufferPointer<Int>,
        into out: UnsafeMutablePointer<Float>
    ) -> Bool {
        let hasSecond = stored.count > 2
        let (first, second) = (stored[0], hasSecond ? stored[2] : stored[0])
        let share = hasSecond ? 1 / (1 + weights[stored[3]]) : 1
        return prior.values.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return false }
            let (one, other) = (values + first * classes, values + second * classes)
            // Multiples of 2^-24 that sum to at most 1: exact in float.
            var (oneLeft, otherLeft) = (prior.sums[first], prior.sums[second])
            for entry in stride(from: 0, to: stored.count, by: 2) {
                oneLeft -= one[stored[entry]]
                otherLeft -= other[stored[entry]]
            }
            let left = share * Double(oneLeft) + (1 - share) * Double(otherLeft)
            guard left > 0 else { return false }
            let oneScale = Float(tail * share / left)
            let otherScale = Float(tail * (1 - share) / left)
            for index in 0..<classes {
                out[index] = oneScale * one[index] + otherScale * other[index]
            }
            return true
        }
    }

    private func decodeCodes(
        _ packed: UnsafeBufferPointer<UInt8>, _ start: Int, into out: UnsafeMutablePointer<Float>
    ) {
        var bits = BitReader(packed, at: start)
        var sum = 0.0
        for index in 0..<classes {
            let weight = weights[bits.next(codeBits)]
            out[index] = Float(weight)
            sum += weight
        }
        let scale = Float(1 / sum)
        for index in 0..<classes { out[index] *= scale }
    }

    private func decodeFloats(
        _ packed: UnsafeBufferPointer<UInt8>, _ start: Int, into out: UnsafeMutablePointer<Float>
    ) -> String? {
        var bits = BitReader(packed, at: start)
        var sum: Float = 0
        for index in 0..<classes {
            out[index] = Float(bitPattern: UInt32(bits.next(32)))
            sum += out[index]
        }
        // NaN fails, too.
        return abs(sum - 1) < 0.01 ? nil : "its values sum to \(sum)"
    }
}
