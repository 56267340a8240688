import Foundation
import Testing

@testable import ResponseCache

@Suite("Cache conversion") struct CacheConversionTests {
    private let folder: TemporaryFolder
    private var cache: String { "\(folder.path)/cache" }
    private var converted: String { "\(folder.path)/converted" }

    init() throws { folder = try TemporaryFolder() }

    /// 3,200 responses of 80 classes: enough for a prior.
    private func manifest(_ encoding: RowEncoding) throws -> CacheManifest {
        try makeManifest(
            encoding, classes: 80, epochs: 2, groupsPerEpoch: 40, groupSize: 40, groupsPerPart: 15)
    }

    @Test(
        "a cache decodes to the same rows within what the new encoding loses",
        arguments: [RowEncoding.bounded(maxKL: 0.02), .topK(10), .dense])
    func converts(_ encoding: RowEncoding) throws {
        try build(cache, try manifest(.dense), inFamilies: true)
        var told: [[Int]] = []
        let summary = try CacheConversion(from: cache, into: converted, encoding: encoding)
            .run { told.append([$0, $1]) }
        #expect(told == (0...6).map { [$0, 6] })
        #expect((summary.converted, summary.skipped, summary.missing) == (6, 0, 0))
        let (old, new) = (
            try CacheReader(directory: cache), try CacheReader(directory: converted)
        )
        #expect(new.manifest.fingerprint == old.manifest.fingerprint)
        #expect(new.manifest.convertedFrom == "dense")
        var (sum, worst) = (0.0, 0.0)
        for epoch in 0..<2 {
            let slots = 0..<1600
            let (before, after) = (
                try old.rows(epoch: epoch, slots: slots), try new.rows(epoch: epoch, slots: slots)
            )
            for start in stride(from: 0, to: before.count, by: 80) {
                let kl = divergence(before[start..<start + 80], after[start..<start + 80])
                sum += kl
                worst = max(worst, kl)
            }
            for group in [0, 17, 39] {
                #expect(
                    try old.pixelChecksum(epoch: epoch, group: group)
                        == new.pixelChecksum(epoch: epoch, group: group))
            }
        }
        #expect(abs(sum / 3200 - (summary.addedMeanKL ?? -1)) < 1e-6)
        #expect(abs(worst - (summary.addedMaxKL ?? -1)) < 1e-6)
        if case .bounded(let maxKL) = encoding {
            #expect(worst <= maxKL + 1e-6)
            #expect(summary.bytesAfter < summary.bytesBefore / 3)
        }
        // A second conversion tells of both.
        _ = try CacheConversion(from: converted, into: "\(folder.path)/third", encoding: .topK(3))
            .run()
        #expect(
            try CacheReader(directory: "\(folder.path)/third").manifest.convertedFrom
                == "dense, then \(encoding)")
    }

    @Test("a conversion that was stopped ends with the same bytes") func resumes() throws {
        struct Stop: Error {}
        try build(cache, try manifest(.topK(20)), inFamilies: true)
        let encoding = RowEncoding.bounded(maxKL: 0.01)
        #expect(throws: Stop.self) {
            _ = try CacheConversion(from: cache, into: converted, encoding: encoding)
                .run { done, _ in if done == 2 { throw Stop() } }
        }
        let summary = try CacheConversion(from: cache, into: converted, encoding: encoding).run()
        #expect((summary.converted, summary.skipped) == (4, 2))
        let whole = "\(folder.path)/whole"
        _ = try CacheConversion(from: cache, into: whole, encoding: encoding).run()
        let reader = try CacheReader(directory: whole)
        let names =
            reader.manifest.parts(epochs: 0..<2).map(\.path) + ["manifest.json"]
            + (try reader.folder.priors.files())
        #expect(names.count == 8)
        for name in names {
            #expect(try bytes("\(whole)/\(name)") == bytes("\(converted)/\(name)"))
        }
    }

    @Test("an incomplete cache converts as far as it goes; a builder does not mix the two")
    func incomplete() throws {
        let manifest = try manifest(.dense)
        let builder = try CacheBuilder(directory: cache, manifest: manifest)
        try publish(PartID(epoch: 0, index: 0), with: builder, inFamilies: true)
        let summary = try CacheConversion(from: cache, into: converted, encoding: .topK(4)).run()
        #expect((summary.converted, summary.missing) == (1, 5))
        let text = try message {
            _ = try CacheBuilder(directory: converted, manifest: self.manifest(.topK(4)))
        }
        #expect(
            text
                == "\(converted): the cache was made from other inputs; name another directory, or "
                + "restore what differs:\n  converted_from: dense in the cache, nothing here")
        #expect(
            try message {
                _ = try CacheConversion(from: cache, into: converted, encoding: .topK(80))
            }
                == "the cache cannot be laid out: top_k is 80 of 80 classes; use 1 to 79, or dense")
    }
}
