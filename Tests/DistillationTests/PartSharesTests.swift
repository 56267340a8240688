import ResponseCache
import Testing

@testable import Distillation

@Suite("Shares of parts") struct PartSharesTests {
    @Test("parts are numbered through the epochs, and shares dealt round") func dealing() throws {
        let manifest = try CacheManifest(
            fingerprint: Fingerprint(fields: []), encoding: .dense, classes: 4, epochs: 3,
            groupsPerEpoch: 5, groupSize: 2, groupsPerPart: 2, teacher: "tiny", createdBy: "a test")
        #expect(manifest.partsPerEpoch == 3)
        let parts = (0..<3).flatMap { epoch in
            (0..<3).map { PartID(epoch: epoch, index: $0) }
        }
        for index in 0..<2 {
            let share = Share(index: index, count: 2, source: nil)
            #expect(
                parts.filter { share.owns($0, of: manifest) }
                    == stride(from: index, to: 9, by: 2).map { parts[$0] })
        }
    }
}
