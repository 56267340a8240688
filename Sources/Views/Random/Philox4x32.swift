/// Philox4x32-10: a counter-based generator. A block is a pure function of a counter and a key.
///
/// Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11.
package struct Philox4x32 {
    /// Four 32-bit words: a counter, or the block it yields.
    package typealias Words = (UInt32, UInt32, UInt32, UInt32)

    /// The block of random words at a counter.
    ///
    /// - Parameters:
    ///   - counter: Four words; each value has its own block.
    ///   - key: Two words; each value has its own sequence of blocks.
    package static func block(counter: Words, key: (UInt32, UInt32)) -> Words {
        var (c0, c1, c2, c3) = counter
        var (k0, k1) = key
        for _ in 0..<10 {
            let a = UInt64(c0) &* 0xD251_1F53
            let b = UInt64(c2) &* 0xCD9E_8D57
            c0 = UInt32(truncatingIfNeeded: b >> 32) ^ c1 ^ k0
            c1 = UInt32(truncatingIfNeeded: b)
            c2 = UInt32(truncatingIfNeeded: a >> 32) ^ c3 ^ k1
            c3 = UInt32(truncatingIfNeeded: a)
            // The key steps by the golden ratio and by the square root of 3, less 1.
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return (c0, c1, c2, c3)
    }
}
