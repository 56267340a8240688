import Testing

@testable import Views

@Suite("RandAugmentPolicy") struct RandAugmentPolicyTests {
    @Test(
        "reads timm's form in any order, with timm's defaults",
        arguments: [
            (
                "rand-m7-mstd0.5", RandAugmentPolicy(magnitude: 7, magnitudeDeviation: 0.5),
                "rand-m7-n2-mstd0.5-p0.5-inc0"
            ),
            (
                "rand-inc1-mstd0.5-m6",
                RandAugmentPolicy(magnitude: 6, magnitudeDeviation: 0.5, increasing: true),
                "rand-m6-n2-mstd0.5-p0.5-inc1"
            ),
            (
                "rand-m9-n3-p0.75",
                RandAugmentPolicy(magnitude: 9, operations: 3, probability: 0.75),
                "rand-m9-n3-mstd0.0-p0.75-inc0"
            ),
            ("rand", RandAugmentPolicy(magnitude: 10), "rand-m10-n2-mstd0.0-p0.5-inc0"),
            (
                "rand-m9-mstd101",
                RandAugmentPolicy(magnitude: 9, magnitudeDeviation: .infinity),
                "rand-m9-n2-mstd101-p0.5-inc0"
            ),
        ])
    func reads(text: String, expected: RandAugmentPolicy, canonical: String) throws {
        let policy = try RandAugmentPolicy(parsing: text)
        #expect(policy == expected)
        #expect(policy.description == canonical)
        #expect(try RandAugmentPolicy(parsing: canonical) == policy)
    }

    @Test(
        "names the part that it does not take",
        arguments: [
            ("augmix-m3", "expected none or timm's form rand-m7-mstd0.5, found 'augmix-m3'"),
            ("rand-m7-w5", "unknown part 'w5' in 'rand-m7-w5'; known: m, n, mstd, p, inc"),
            (
                "rand-m7-mmax12",
                "unsupported part 'mmax12' in 'rand-m7-mmax12'; known: m, n, mstd, p, inc"
            ),
            (
                "rand-tweights",
                "unsupported part 'tweights' in 'rand-tweights'; known: m, n, mstd, p, inc"
            ),
            ("rand--m7", "unknown part '' in 'rand--m7'; known: m, n, mstd, p, inc"),
            ("rand-m7.5", "part 'm7.5' in 'rand-m7.5': m takes a whole number from 0 to 100"),
            ("rand-m", "part 'm' in 'rand-m': m takes a whole number from 0 to 100"),
            ("rand-n0", "part 'n0' in 'rand-n0': n takes a whole number from 1 to 100"),
            ("rand-p1.5", "part 'p1.5' in 'rand-p1.5': p takes 0 or a number from 0.0001 to 1"),
            (
                "rand-mstd0x1",
                "part 'mstd0x1' in 'rand-mstd0x1': mstd takes 0 or a number of at least 0.0001"
            ),
            ("rand-inc2", "part 'inc2' in 'rand-inc2': inc takes 0 or 1"),
            ("rand-m7-m8", "part 'm' appears twice in 'rand-m7-m8'"),
        ])
    func refuses(text: String, expected: String) {
        #expect(message { try RandAugmentPolicy(parsing: text) } == expected)
    }
}
