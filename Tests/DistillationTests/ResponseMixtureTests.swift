import ResponseCache
import Testing

@testable import Distillation

@Suite("The mean of teachers' responses") struct ResponseMixtureTests {
    /// Publishes the same row for every slot, rotated by the slot, and a checksum for each group.
    private func cache(
        _ directory: String, _ encoding: RowEncoding, _ row: [Float], groupsPerPart: Int = 1,
        checksums: [UInt32] = [10, 11]
    ) throws -> CacheReader {
        let builder = try CacheBuilder(
            directory: directory,
            manifest: smallManifest(encoding: encoding, groupsPerPart: groupsPerPart))
        for part in builder.missingParts(epochs: 0..<1) {
            let writer = try builder.begin(part)
            for group in builder.manifest.groups(of: part) {
                writer.append(
                    (2 * group..<2 * group + 2).flatMap { rotated(row, by: $0) },
                    pixelChecksum: checksums[group])
            }
            try writer.publish()
        }
        return try CacheReader(directory: directory)
    }

    private func rotated(_ row: [Float], by slot: Int) -> [Float] {
        row.indices.map { row[($0 + slot) % row.count] }
    }

    @Test("is exact for caches of different encodings, what they left out included")
    func encodings() throws {
        let scratch = try Scratch()
        let mixture = ResponseMixture(sources: [
            .init(
                reader: try cache("\(scratch.path)/dense", .dense, [0.125, 0.125, 0.25, 0.5]),
                weight: 0.25),
            // It stores 1/2 and 1/4; the others share what is left: 1/8 each.
            .init(
                reader: try cache(
                    "\(scratch.path)/topk", .topK(2), [0.5, 0.25, 0.1875, 0.0625],
                    groupsPerPart: 2),
                weight: 0.5),
            // Powers of two are codes of every bounded layout.
            .init(
                reader: try cache(
                    "\(scratch.path)/bounded", .bounded(maxKL: 1e-5), [0.5, 0.125, 0.25, 0.125]),
                weight: 0.25),
        ])
        // Class by class, for example 0.25 · 1/8 + 0.5 · 1/2 + 0.25 · 1/2 = 13/32.
        let mean: [Float] = [13 / 32, 6 / 32, 6 / 32, 7 / 32]
        #expect(
            try mixture.rows(epoch: 0, slots: 0..<4) == (0..<4).flatMap { rotated(mean, by: $0) })
        #expect(
            try mixture.rows(epoch: 0, slots: 1..<3) == rotated(mean, by: 1) + rotated(mean, by: 2))
        // The stored entries alone: 3/4 of the second cache's mass, so 7/8 of all.
        let stored: [Float] = [13 / 32, 6 / 32, 4 / 32, 5 / 32].map { $0 / (7 / 8) }
        #expect(abs(stored.reduce(0, +) - 1) < 1e-6)
        for (ours, other) in zip(mean, stored) { #expect(abs(ours - other) > 0.02) }
    }

    @Test("of one teacher is that teacher's, bit for bit")
    func single() throws {
        let scratch = try Scratch()
        let reader = try cache(
            "\(scratch.path)/cache", .bounded(maxKL: 0.01), [0.61, 0.3, 0.07, 0.02])
        let rows = try reader.rows(epoch: 0, slots: 0..<4)
        let mixture = ResponseMixture(sources: [.init(reader: reader, weight: 1)])
        #expect(try mixture.rows(epoch: 0, slots: 0..<4) == rows)
    }

    @Test("pixels are held against every cache, and the one that differs is named")
    func pixels() throws {
        let scratch = try Scratch()
        let row: [Float] = [0.25, 0.25, 0.25, 0.25]
        let first = try cache("\(scratch.path)/first", .dense, row)
        let second = try cache(
            "\(scratch.path)/second", .dense, row, groupsPerPart: 2, checksums: [10, 12])
        let mixture = ResponseMixture(sources: [
            .init(reader: first, weight: 0.5), .init(reader: second, weight: 0.5),
        ])
        try mixture.check(pixels: 10, epoch: 0, group: 0)
        func text(_ directory: String) -> TrainingError {
            TrainingError(
                "group 1 of epoch 0: the pixels differ from those the teacher saw; an image "
                    + "changed or a decoder drifted: restore it, or remove \(directory) and build "
                    + "it again")
        }
        #expect(throws: text(second.directory)) {
            try mixture.check(pixels: 11, epoch: 0, group: 1)
        }
        #expect(throws: text(first.directory)) {
            try mixture.check(pixels: 12, epoch: 0, group: 1)
        }
    }
}
