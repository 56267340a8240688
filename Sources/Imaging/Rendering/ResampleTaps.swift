import CPixels

/// For each position along one output axis, the source positions that it is made from.
struct ResampleTaps {
    /// The number of output positions.
    private(set) var count = 0
    /// The source positions that any output position is made from.
    private(set) var source = 0..<0
    /// Whether the axis keeps its size, so that every position is made from its own alone.
    private(set) var isIdentity = false

    /// Pairs of taps that a position can have.
    private var stride = 0
    private var starts: [Int32] = []
    private var lengths: [Int32] = []
    private var weights: [UInt32] = []
    private var exact: [Double] = []

    /// Prepares some positions of a resize of `sourceCount` positions to `count`.
    mutating func prepare(
        from sourceCount: Int, to targetCount: Int, positions: Range<Int>,
        _ interpolation: Interpolation
    ) {
        count = positions.count
        isIdentity = sourceCount == targetCount
        // Pillow takes the box as fp32, which is exact below 2²⁴ pixels.
        let scale = Double(sourceCount) / Double(targetCount)
        let filterScale = max(scale, 1)
        let support = isIdentity ? 0.5 : interpolation.support * filterScale
        let step = 1 / filterScale
        Self.grow(&starts, to: count)
        Self.grow(&lengths, to: count)
        var longest = 0
        for (index, position) in positions.enumerated() {
            let center = (Double(position) + 0.5) * scale
            let start = max(Int(center - support + 0.5), 0)
            let length = min(Int(center + support + 0.5), sourceCount) - start
            starts[index] = Int32(start)
            lengths[index] = Int32(length)
            longest = max(longest, length)
        }
        stride = (longest + 1) / 2
        Self.grow(&weights, to: count * stride * 2)
        Self.grow(&exact, to: longest)
        for index in 0..<count * stride * 2 { weights[index] = 0 }
        let first = Int(starts[0])
        var end = 0
        for (index, position) in positions.enumerated() {
            let center = (Double(position) + 0.5) * scale
            let start = Int(starts[index])
            let length = Int(lengths[index])
            var sum = 0.0
            for tap in 0..<length {
                let distance = (Double(tap + start) - center + 0.5) * step
                exact[tap] = isIdentity ? 1 : interpolation.weight(at: distance)
                sum += exact[tap]
            }
            for tap in 0..<length {
                let share = sum != 0 ? exact[tap] / sum : exact[tap]
                let scaled = share * Double(1 << CPIXELS_WEIGHT_BITS)
                store(Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5), position: index, tap: tap)
            }
            starts[index] = Int32(start - first)
            end = max(end, start + length)
        }
        source = first..<end
    }

    /// Lends the positions to the kernels; starts count from the first source position.
    func withTaps(_ body: (UnsafePointer<cpixels_taps>) -> Void) {
        starts.withUnsafeBufferPointer { starts in
            lengths.withUnsafeBufferPointer { lengths in
                weights.withUnsafeBufferPointer { weights in
                    var taps = cpixels_taps(
                        count: Int32(count), stride: Int32(stride), starts: starts.baseAddress,
                        lengths: lengths.baseAddress, weights: weights.baseAddress)
                    body(&taps)
                }
            }
        }
    }

    /// Splits a weight into the two words of its pair of taps.
    private mutating func store(_ weight: Int32, position: Int, tap: Int) {
        let pair = position * stride * 2 + tap / 2 * 2
        let shift = UInt32(tap % 2 * 16)
        weights[pair] |= UInt32(weight & 0x7FFF) << shift
        weights[pair + 1] |= UInt32(UInt16(truncatingIfNeeded: weight >> 15)) << shift
    }

    /// Makes room without giving any back, so that a steady stream of pictures allocates nothing.
    private static func grow<Element: Numeric>(_ array: inout [Element], to count: Int) {
        if array.count < count {
            array.append(contentsOf: repeatElement(0, count: count - array.count))
        }
    }
}
