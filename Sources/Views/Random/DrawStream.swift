/// The random draws of one purpose at one place of the training: a pure function of its address.
///
/// ## The layout
/// Draw `d` (0, 1, 2, …) of the stream `(seed, epoch, slot, purpose)` is 64 bits `x`:
/// ```
/// block = Philox4x32-10(counter: (d / 2, slot, epoch, purpose), key: (seed mod 2^32, seed / 2^32))
/// x     = d even: block[0] + block[1] · 2^32        d odd: block[2] + block[3] · 2^32
/// ```
/// Slot and epoch are below 2^32, a purpose is its raw value, and a stream has at most 2^33 draws;
/// so no two draws share a counter. Where a purpose belongs to a group, `slot` is the group's index
/// in the epoch; where it belongs to the epoch, `slot` is 0.
///
/// Every function below takes the stream's next draws in the order its text gives, so a stranger
/// with a Philox and this page can replay all of them; `Tests/Fixtures/views/make_draws.py` does.
/// Only additions, multiplications, divisions and square roots are used (`ExactMath`), which IEEE
/// 754 fixes to the last bit: the result depends on no C library and no processor.
package struct DrawStream: Sendable, Equatable {
    /// What a stream's draws decide. A raw value, once used, keeps its meaning for ever.
    package enum Purpose: UInt32, Sendable, CaseIterable {
        /// The order of an epoch's images.
        case order = 0
        /// A view's random resized crop.
        case crop = 1
        /// A view's resampling filter.
        case interpolation = 2
        /// A view's horizontal flip.
        case flip = 3
        /// A view's RandAugment operations.
        case randAugment = 4
        /// A group's mixing.
        case mix = 5
        /// The image that takes the place of an unreadable one.
        case substitute = 6
        /// The seed of a group's stochastic depth; the epoch is the training's.
        case dropPath = 7
        /// Which of three-augment's operations a view has, and its blur.
        case threeAugment = 8
        /// A view's color jitter.
        case colorJitter = 9
        /// A view's erased boxes.
        case erasing = 10
        /// What a view's erased boxes show.
        case erasingNoise = 11
    }

    private let key: (UInt32, UInt32)
    private let slot: UInt32
    private let epoch: UInt32
    private let purpose: Purpose
    private var draw: UInt64 = 0
    /// The second half of the current block, for odd draws.
    private var pending: UInt64 = 0

    /// The stream at an address, before its first draw.
    ///
    /// - Parameters:
    ///   - epoch: 0 ..< 2^32.
    ///   - slot: 0 ..< 2^32; a group's index or 0 where the purpose asks for it.
    package init(seed: UInt64, epoch: Int, slot: Int, purpose: Purpose) {
        precondition(UInt32(exactly: epoch) != nil, "epoch \(epoch) is outside 0 ..< 2^32")
        precondition(UInt32(exactly: slot) != nil, "slot \(slot) is outside 0 ..< 2^32")
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.slot = UInt32(truncatingIfNeeded: slot)
        self.epoch = UInt32(truncatingIfNeeded: epoch)
        self.purpose = purpose
    }

    /// The next draw: 64 random bits.
    package mutating func bits() -> UInt64 {
        defer { draw += 1 }
        if draw & 1 == 1 { return pending }
        let index = draw >> 1
        precondition(index <= UInt64(UInt32.max), "a stream has at most 2^33 draws")
        let block = Philox4x32.block(
            counter: (UInt32(truncatingIfNeeded: index), slot, epoch, purpose.rawValue), key: key)
        pending = UInt64(block.2) | UInt64(block.3) << 32
        return UInt64(block.0) | UInt64(block.1) << 32
    }

    /// A number in [0, 1): the draw's upper 53 bits times 2^-53. One draw.
    package mutating func uniform() -> Double {
        Double(bits() >> 11) * 0x1p-53
    }

    /// `a + (b - a) · uniform()`. One draw.
    package mutating func uniform(_ a: Double, _ b: Double) -> Double {
        a + (b - a) * uniform()
    }

    /// A number in (0, 1): (the draw's upper 52 bits, plus ½) times 2^-52. One draw.
    ///
    /// Neither end occurs, so its logarithm and its normal quantile are finite.
    package mutating func openUniform() -> Double {
        (Double(bits() >> 12) + 0.5) * 0x1p-52
    }

    /// A whole number in 0 ..< bound, each equally likely.
    ///
    /// The upper 64 bits of draw · bound; while the lower 64 are below 2^64 mod bound, the next draw
    /// is taken instead. Source: Lemire, "Fast random integer generation in an interval", 2019.
    package mutating func int(below bound: Int) -> Int {
        precondition(bound > 0, "a draw needs at least one outcome")
        let n = UInt64(bound)
        var product = n.multipliedFullWidth(by: bits())
        if product.low < n {
            let threshold = (0 &- n) % n
            while product.low < threshold {
                product = n.multipliedFullWidth(by: bits())
            }
        }
        return Int(product.high)
    }

    /// A standard normal number: the normal quantile of `openUniform()`. One draw.
    package mutating func normal() -> Double {
        ExactMath.normalQuantile(openUniform())
    }

    /// Streams are equal where they yield the same draws from here on.
    package static func == (a: DrawStream, b: DrawStream) -> Bool {
        a.key == b.key && a.slot == b.slot && a.epoch == b.epoch && a.purpose == b.purpose
            && a.draw == b.draw
    }
}

extension DrawStream {
    /// A number in 0…1 from Beta(a, b).
    ///
    /// - a = b = 1: `uniform()`. One draw.
    /// - a, b ≤ 1: Jöhnk's method. Repeat u, v = `openUniform()`, x = u^(1/a), y = v^(1/b) until
    ///   x + y ≤ 1; then x / (x + y). Where both powers underflow, the ratio is formed from their
    ///   logarithms.
    /// - otherwise: X / (X + Y) with X, Y from Gamma(a), Gamma(b), X drawn first.
    ///
    /// Source: Jöhnk 1964, as in Devroye, "Non-Uniform Random Variate Generation", IX.3.
    package mutating func beta(_ a: Double, _ b: Double) -> Double {
        precondition(a > 0 && b > 0, "Beta's parameters must be above 0")
        if a == 1, b == 1 { return uniform() }
        if a > 1 || b > 1 {
            let x = gamma(a)
            return x / (x + gamma(b))
        }
        while true {
            let logX = ExactMath.log(openUniform()) / a
            let logY = ExactMath.log(openUniform()) / b
            let x = ExactMath.exp(logX)
            let sum = x + ExactMath.exp(logY)
            if sum > 1 { continue }
            if sum > 0 { return x / sum }
            let largest = max(logX, logY)
            let scaledX = ExactMath.exp(logX - largest)
            return scaledX / (scaledX + ExactMath.exp(logY - largest))
        }
    }

    /// A number from Gamma(shape, 1).
    ///
    /// Shape ≥ 1, with d = shape - 1/3 and c = 1 / sqrt(9d): repeat z = `normal()` until
    /// v = (1 + c·z)³ > 0, then u = `openUniform()`, until ln u < z²/2 + d - d·v + d·ln v; the result
    /// is d·v. Shape < 1: Gamma(shape + 1) times `openUniform()`^(1/shape), in that order.
    ///
    /// Source: Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
    mutating func gamma(_ shape: Double) -> Double {
        if shape < 1 {
            let larger = gamma(shape + 1)
            return larger * ExactMath.exp(ExactMath.log(openUniform()) / shape)
        }
        let d = shape - 1.0 / 3.0
        let c = 1 / (9 * d).squareRoot()
        while true {
            let z = normal()
            let t = 1 + c * z
            guard t > 0 else { continue }
            let v = t * t * t
            let bound = 0.5 * z * z + d - d * v + d * ExactMath.log(v)
            if ExactMath.log(openUniform()) < bound { return d * v }
        }
    }
}
