import Foundation
import ResponseCache
import Testing

@testable import Distillation

@Suite("Auditing a cache") struct CacheAuditTests {
    @Test("mean and maximum are those of KL over rows") func divergences() {
        let p: [Float] = [0.5, 0.5, 0, 0.25, 0.25, 0.5]
        let q: [Float] = [0.25, 0.25, 0.5, 0.25, 0.25, 0.5]
        // ln 2 for the first row, 0 for the second.
        let found = CacheAudit.divergences(p, q, classes: 3)
        #expect(abs(found.mean - log(2) / 2) < 1e-12)
        #expect(abs(found.maximum - log(2)) < 1e-12)
        #expect(CacheAudit.divergences(p, p, classes: 3) == (0, 0))
        // What a half rounds to zero is 2^-25 at most.
        let lost = CacheAudit.divergences([1, 0], [0, 1], classes: 2)
        #expect(abs(lost.mean - 25 * log(2)) < 1e-12)
    }

    @Test(
        "a value that is no probability makes both NaN, on either side",
        arguments: [Float.nan, .infinity, -0.25])
    func notANumber(_ value: Float) {
        let sound: [Float] = [0.5, 0.5, 0.25, 0.75]
        for index in sound.indices {
            var other = sound
            other[index] = value
            for found in [
                CacheAudit.divergences(other, sound, classes: 2),
                CacheAudit.divergences(sound, other, classes: 2),
            ] {
                #expect(found.mean.isNaN && found.maximum.isNaN)
            }
        }
    }

    @Test("a teacher's answer that is no distribution is named by its slot") func teacher() throws {
        try RowCheck.check(
            [0.25, 0.25, 0.25, 0.25, 1, 0, 0, 0], classes: 4, epoch: 0, from: 6)
        #expect(
            throws: CacheError(
                "the teacher's response for epoch 3, slot 7: the probability of class 2 is nan")
        ) {
            try RowCheck.check(
                [0.25, 0.25, 0.25, 0.25, 0.5, 0.5, .nan, 0], classes: 4, epoch: 3, from: 6)
        }
    }
}
