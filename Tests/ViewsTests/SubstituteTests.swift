import Testing

@testable import Views

@Suite("Substitutes") struct SubstituteTests {
    /// By the reading of the layout in Tests/Fixtures/views/make_draws.py:
    /// `s = Stream(42, epoch, slot, SUBSTITUTE); [s.below(1000) for _ in range(4)]`.
    private static let expected: [(epoch: Int, slot: Int, images: [Int])] = [
        (0, 0, [98, 323, 588, 956]), (0, 1, [879, 766, 779, 651]), (3, 1, [70, 533, 153, 819]),
        (609, 767, [5, 15, 178, 121]),
    ]

    @Test("attempt k is the k-th draw of the slot in its epoch") func draws() throws {
        let plan = try ViewPlan(
            recipe: imagenet("seed=42", "batch.size=768", "batch.repeats=1"), imageCount: 1000)
        for (epoch, slot, images) in Self.expected {
            let found = (0..<4).map {
                plan.substituteIndex(epoch: epoch, slot: slot, attempt: $0)
            }
            #expect(found == images, "epoch \(epoch), slot \(slot)")
        }
    }
}
