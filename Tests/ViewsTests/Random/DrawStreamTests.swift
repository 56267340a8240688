import Foundation
import Testing

@testable import Views

@Suite("DrawStream") struct DrawStreamTests {
    /// 20,000 draws at one address.
    private func draws(_ purpose: DrawStream.Purpose, _ draw: (inout DrawStream) -> Double)
        -> [Double]
    {
        var stream = DrawStream(seed: 7, epoch: 1, slot: 2, purpose: purpose)
        return (0..<20_000).map { _ in draw(&stream) }
    }

    @Test("uniform numbers are uniform in [0, 1)")
    func uniform() {
        let sample = draws(.crop) { $0.uniform() }
        #expect(sample.allSatisfy { 0 <= $0 && $0 < 1 })
        #expect(kolmogorov(sample) { $0 } < kolmogorovLimit)
    }

    @Test("the checker of uniformity fails on a sample that is a little off")
    func uniformFails() {
        let sample = draws(.crop) { $0.uniform().squareRoot() * 0.1 + $0.uniform() * 0.9 }
        #expect(kolmogorov(sample) { $0 } > kolmogorovLimit)
    }

    @Test("consecutive draws are independent: 16 x 16 cells of pairs are equally full")
    func pairs() {
        var cells = Array(repeating: 0, count: 256)
        var stream = DrawStream(seed: 7, epoch: 0, slot: 0, purpose: .mix)
        for _ in 0..<20_000 {
            cells[stream.int(below: 16) * 16 + stream.int(below: 16)] += 1
        }
        #expect(chiSquare(cells) < chiSquareLimit(degrees: 255))
    }

    @Test("first draws of neighboring slots, epochs, purposes and seeds are independent")
    func neighbors() {
        func check(_ stream: (Int) -> DrawStream) {
            let sample = (0..<20_000).map { i in
                var draws = stream(i)
                return draws.uniform()
            }
            #expect(kolmogorov(sample) { $0 } < kolmogorovLimit)
            let steps = zip(sample, sample.dropFirst()).map { pair in
                let step = pair.1 - pair.0
                return step < 0 ? step + 1 : step
            }
            #expect(kolmogorov(steps) { $0 } < kolmogorovLimit)
        }
        check { DrawStream(seed: 1, epoch: 0, slot: $0, purpose: .flip) }
        check { DrawStream(seed: 1, epoch: $0, slot: 0, purpose: .flip) }
        check { DrawStream(seed: UInt64($0), epoch: 0, slot: 0, purpose: .flip) }
    }

    @Test("a purpose keeps its number: another would change views that are already cached")
    func purposes() {
        #expect(
            DrawStream.Purpose.allCases.map { "\($0) \($0.rawValue)" } == [
                "order 0", "crop 1", "interpolation 2", "flip 3", "randAugment 4", "mix 5",
                "substitute 6", "dropPath 7", "threeAugment 8", "colorJitter 9", "erasing 10",
                "erasingNoise 11",
            ])
    }

    @Test("no two addresses share a draw")
    func addresses() {
        var seen: Set<UInt64> = []
        var count = 0
        let far = Int(UInt32.max)
        for seed in [0, 1, 1 << 32, UInt64.max] {
            for epoch in [0, 1, far] {
                for slot in [0, 1, far] {
                    for purpose in DrawStream.Purpose.allCases {
                        var stream = DrawStream(
                            seed: seed, epoch: epoch, slot: slot, purpose: purpose)
                        for _ in 0..<4 { seen.insert(stream.bits()) }
                        count += 4
                    }
                }
            }
        }
        #expect(seen.count == count)
    }

    @Test("whole numbers are equally likely, for bounds that do not divide 2^64")
    func integers() {
        for bound in [2, 3, 15, 224] {
            var counts = Array(repeating: 0, count: bound)
            var stream = DrawStream(seed: 3, epoch: 0, slot: bound, purpose: .order)
            for _ in 0..<20_000 { counts[stream.int(below: bound)] += 1 }
            #expect(chiSquare(counts) < chiSquareLimit(degrees: bound - 1))
        }
        // Three quarters of the range: a biased method would favor the lower third by half.
        let bound = 3 << 61
        var stream = DrawStream(seed: 3, epoch: 0, slot: 0, purpose: .order)
        let thirds = (0..<20_000).map { _ in stream.int(below: bound) / (1 << 61) }
        let counts = (0..<3).map { third in thirds.filter { $0 == third }.count }
        #expect(chiSquare(counts) < chiSquareLimit(degrees: 2))
    }

    @Test("normal numbers are normal")
    func normal() {
        let sample = draws(.randAugment) { $0.normal() }
        #expect(kolmogorov(sample, normalDistribution) < kolmogorovLimit)
    }

    @Test("Beta numbers follow distributions whose integral is known")
    func beta() {
        func check(_ a: Double, _ b: Double, _ distribution: (Double) -> Double) {
            let sample = draws(.mix) { $0.beta(a, b) }
            #expect(kolmogorov(sample, distribution) < kolmogorovLimit, "Beta(\(a), \(b))")
        }
        check(1, 1) { $0 }
        check(0.5, 0.5) { 2 / Double.pi * asin($0.squareRoot()) }
        check(0.3, 1) { pow($0, 0.3) }
        check(2, 2) { $0 * $0 * (3 - 2 * $0) }
        check(1, 4.5) { 1 - pow(1 - $0, 4.5) }
        // The integral of t^(a-1) (1 - t) over 0…x, over its value at 1.
        check(0.4, 2) { pow($0, 0.4) * (1.4 - 0.4 * $0) }
    }

    @Test("Beta(0.2, 0.2), mixup's, has the moments of theory")
    func mixupBeta() {
        let sample = draws(.mix) { $0.beta(0.2, 0.2) }
        let mean = sample.reduce(0, +) / 20_000
        let variance = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
        // Variance 1 / (4 (2a + 1)) = 0.178571; four standard errors each.
        #expect(abs(mean - 0.5) < 0.0120)
        #expect(abs(variance - 0.178571) < 0.0030)
    }

    @Test("tiny parameters of Beta give 0 or 1, never not-a-number")
    func tinyBeta() {
        let sample = draws(.mix) { $0.beta(0.001, 0.001) }
        #expect(sample.allSatisfy { 0 <= $0 && $0 <= 1 })
        #expect(sample.filter { $0 > 0.01 && $0 < 0.99 }.count < 200)
        let mean = sample.reduce(0, +) / 20_000
        // Four standard errors of a fair coin.
        #expect(abs(mean - 0.5) < 0.0142)
    }
}

@Suite("ExactMath") struct ExactMathTests {
    @Test("logarithm and exponential stay within 3 units in the last place of the C library's")
    func elementary() {
        var stream = DrawStream(seed: 5, epoch: 0, slot: 0, purpose: .crop)
        for _ in 0..<20_000 {
            let x = Foundation.exp(stream.uniform(-700, 700))
            let logarithm = Foundation.log(x)
            #expect(abs(ExactMath.log(x) - logarithm) <= 3 * logarithm.ulp)
            let y = stream.uniform(-700, 700)
            let power = Foundation.exp(y)
            #expect(abs(ExactMath.exp(y) - power) <= 3 * power.ulp)
        }
        #expect(ExactMath.log(1) == 0)
        #expect(ExactMath.exp(0) == 1)
        #expect(ExactMath.exp(-1000) == 0)
    }

    @Test("the normal quantile takes the values of the tables, and is odd")
    func quantile() {
        // Source: Wichura's own checks (AS 241) and NIST's tables.
        #expect(abs(ExactMath.normalQuantile(0.25) + 0.6744897501960817) < 1e-15)
        #expect(abs(ExactMath.normalQuantile(0.001) + 3.090232306167814) < 1e-14)
        #expect(abs(ExactMath.normalQuantile(1e-20) + 9.262340089798408) < 1e-13)
        #expect(abs(ExactMath.normalQuantile(0.975) - 1.959963984540054) < 1e-14)
        #expect(ExactMath.normalQuantile(0.5) == 0)
        #expect(ExactMath.normalQuantile(0.75) == -ExactMath.normalQuantile(0.25))
    }
}
