// Dimensions that are given as shares of others, and the shares that give them.
extension Double {
    /// How many channels a scaled layer has: the nearest multiple of 8 that is not below 0.9 of its
    /// exact number. Source: TensorFlow's `_make_divisible`.
    var roundedChannels: Int {
        let rounded = max(8, Int((self + 4) / 8) * 8)
        return Double(rounded) < 0.9 * self ? rounded + 8 : rounded
    }

    /// The factors by which networks are scaled, the rounder the earlier: 1, then tenths to 4, twentieths,
    /// hundredths.
    static let multipliers: [Double] = {
        var multipliers = [1.0]
        for parts in [10, 20, 100] {
            multipliers += (1...4 * parts).map { Double($0) / Double(parts) }
        }
        return multipliers
    }()

    /// The ratio that gives a number of channels of a width, rounded down.
    static func ratio(of channels: Int, to width: Int) -> Double {
        let ratio = Double(channels) / Double(width)
        return (ratio * Double(width)).rounded(.down) < Double(channels) ? ratio.nextUp : ratio
    }
}
