import Foundation

/// Moments at which to kill a program: an LCG with Knuth's MMIX constants.
struct Moments {
    /// What repeats them: UNDERSTUDY_TEST_SEED.
    let seed: UInt64
    /// How many kills there are to be.
    let kills: Int
    private var state: UInt64

    /// Moments of the seed in the environment, or of a random one, which is printed.
    init() {
        let environment = ProcessInfo.processInfo.environment
        seed = environment["UNDERSTUDY_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0...9999)
        kills = environment["UNDERSTUDY_LONG_TESTS"] == nil ? 6 : 20
        state = seed
        print("kills drawn with UNDERSTUDY_TEST_SEED=\(seed)")
    }

    /// Uniform in 0..<1.
    mutating func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double((state ^ (state >> 29)) >> 11) * 0x1p-53
    }
}
