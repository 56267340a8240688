extension BoundedLayout {
    /// A class that a row stores.
    private struct StoredClass {
        var index: Int
        var code: Int
    }

    /// Decodes a row.
    ///
    /// - Parameters:
    ///   - packed: rows, of which this one has `bytes(of: length)` bytes from `start` on.
    ///   - out: receives `[classes]` probabilities that sum to 1.
    /// - Returns: nil, or why this cannot be what a writer stored.
    func decode(
        _ packed: UnsafeBufferPointer<UInt8>, at start: Int = 0, length: UInt8,
        into out: UnsafeMutablePointer<Float>
    ) -> String? {
        if length == Self.everyFloat { return decodeFloats(packed, start, into: out) }
        if length == Self.everyCode {
            decodeCodes(packed, start, into: out)
            return nil
        }
        guard 8 * bytes(of: length) >= headBits + indexBits else { return "it is too short" }
        // More than these, each of a class and at least one bit, would not fit.
        let most = min(classes, 1 + 8 * bytes(of: length) / (min(indexBits, 5) + 1))
        return withUnsafeTemporaryAllocation(of: StoredClass.self, capacity: most) { stored in
            var bits = BitReader(packed, at: start, end: start + bytes(of: length))
            let tail = bits.next(tailBits)
            let isByPrior = bits.next(1) == 1
            let isRanked = bits.next(1) == 1
            guard !isRanked || hasRanks else { return "it asks for ranks, and the part has none" }
            var (count, code, sum) = (0, 0, 0.0)
            repeat {
                let index: Int
                if isRanked, count > 1 {
                    guard let zeros = bits.nextZeros() else { break }
                    guard zeros <= 3 else { return "it names no class" }
                    index = lookAlike(
                        zeros, &bits, of: (stored[0].index, stored[1].index))
                } else {
                    index = bits.next(indexBits)
                }
                if count > 0 {
                    guard let zeros = bits.nextZeros() else { break }
                    code += zeros
                }
                guard index < classes else { return "it names class \(index) of \(classes)" }
                guard count < most, code < weights.count else { return "it has too many classes" }
                stored[count] = StoredClass(index: index, code: code)
                sum += weights[code]
                count += 1
            } while true
            let others = count < classes ? tailWeights[tail] : 0
            let scale = 1 / (sum + others)
            if count < classes {
                if isByPrior {
                    guard let prior else { return "it asks for a prior, and the part has none" }
                    guard spread(others * scale, by: prior, stored: stored[..<count], into: out)
                    else { return "it names a class twice" }
                } else {
                    let share = others * scale / Double(classes - count)
                    out.update(repeating: Float(share), count: classes)
                }
            }
            for entry in stored[..<count] { out[entry.index] = Float(weights[entry.code] * scale) }
            return nil
        }
    }

    /// The class that is named after so many zeros.
    @inline(__always)
    private func lookAlike(_ zeros: Int, _ bits: inout BitReader, of first: (Int, Int)) -> Int {
        guard zeros < 3, let prior else { return bits.next(indexBits) }
        let own = bits.next(1) == 0 ? first.0 : first.1
        let rank = bits.next(3 + zeros) + Self.firstRank(zeros: zeros)
        return Int(prior.lookAlikes[own * ResponsePrior.lookAlikeCount + rank])
    }

    /// Gives every class its share of the tail, stored ones included, which are set afterwards.
    ///
    /// - Returns: false if the stored classes have more of the prior than there is.
    private func spread(
        _ tail: Double, by prior: ResponsePrior, stored: Slice<UnsafeMutableBufferPointer<StoredClass>>,
        into out: UnsafeMutablePointer<Float>
    ) -> Bool {
        let first = stored[0].index
        let second = stored.count > 1 ? stored[1].index : first
        let share = stored.count > 1 ? 1 / (1 + weights[stored[1].code]) : 1
        return prior.values.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return false }
            let (one, other) = (values + first * classes, values + second * classes)
            // Multiples of 2^-24 that sum to at most 1: exact in float.
            var (oneLeft, otherLeft) = (prior.sums[first], prior.sums[second])
            for entry in stored {
                oneLeft -= one[entry.index]
                otherLeft -= other[entry.index]
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
