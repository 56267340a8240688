import Base
import Foundation
import Testing

@testable import ResponseCache

/// Caches that an earlier program made (Fixtures/cache/format-3/make.sh): their fingerprint calls the
/// recipe's keys `views.…` and counts the cached epochs.
@Suite("Caches of an earlier program") struct EarlierCacheTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/cache/format-3").path

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A copy of a cache, to be changed.
    private func copy(_ name: String) throws -> String {
        let path = "\(folder.path)/\(name)"
        try FileManager.default.copyItem(atPath: "\(Self.fixtures)/\(name)", toPath: path)
        return path
    }

    /// What this program would ask of a cache like it.
    private func wanted(
        _ manifest: CacheManifest, epochs: Int? = nil,
        changing change: (Fingerprint.Field) -> Fingerprint.Field = { $0 }
    ) throws -> CacheManifest {
        let renamed = manifest.fingerprint.fields.filter { $0.name != "cache.epochs" }
            .map { field in
                field.name.hasPrefix("views.") && field.name != "views.version"
                    ? Fingerprint.Field(
                        name: "view." + field.name.dropFirst("views.".count), value: field.value)
                    : field
            }
        return try CacheManifest(
            fingerprint: Fingerprint(fields: renamed.map(change)), encoding: manifest.encoding,
            classes: manifest.classes, epochs: epochs ?? manifest.epochs,
            groupsPerEpoch: manifest.groupsPerEpoch, groupSize: manifest.groupSize,
            groupsPerPart: manifest.groupsPerPart, teacher: manifest.teacher,
            createdBy: "understudy 99")
    }

    @Test("they are read, verified and known again", arguments: ["dense", "topk", "bounded"])
    func read(_ name: String) throws {
        let reader = try CacheReader(directory: "\(Self.fixtures)/\(name)")
        let manifest = reader.manifest
        let wanted = try wanted(manifest)
        #expect(wanted.fingerprint != manifest.fingerprint)
        #expect(manifest.differences(from: wanted) == [])
        #expect(wanted.fingerprint.differences(from: manifest.fingerprint) == [])
        _ = try CacheReader(
            directory: "\(Self.fixtures)/\(name)", expecting: wanted.fingerprint)
        let found = try reader.verify(workers: 1)
        #expect(found.faults == [] && found.partsInAll == 4)
        #expect(found.parts == (name == "dense" ? 4 : 3))
        let rows = try reader.rows(epoch: 0, slots: 0..<8)
        for row in rows.chunked(4) { #expect(abs(row.reduce(0, +) - 1) < 1e-5) }
        let dense = try CacheReader(directory: "\(Self.fixtures)/dense")
            .rows(epoch: 0, slots: 0..<8)
        let loss = zip(dense.chunked(4), rows.chunked(4)).map { divergence($0, $1) }
        if name == "bounded" { #expect(loss.allSatisfy { $0 <= 0.011 }) }
    }

    @Test("what differs is told in the words of now") func different() throws {
        let path = "\(Self.fixtures)/dense"
        let wanted = try wanted(try CacheReader(directory: path).manifest) {
            $0.name == "view.flip" ? .init(name: $0.name, value: "0") : $0
        }
        #expect(
            throws: CacheError(
                "\(path): the cache was made from other inputs; name another directory, or restore "
                    + "what differs:", details: ["view.flip: 0.5 in the cache, 0 here"],
                cause: .otherInputs)
        ) { try CacheReader(directory: path, expecting: wanted.fingerprint) }
    }

    @Test("they are continued under their own digest", arguments: ["topk", "bounded"])
    func continued(_ name: String) throws {
        let path = try copy(name)
        let before = try contents(path)
        let there = try CacheReader(directory: path).manifest
        let builder = try CacheBuilder(directory: path, manifest: try wanted(there))
        #expect(builder.manifest == there)
        let missing = builder.missingParts(epochs: 0..<2)
        #expect(missing == [PartID(epoch: 1, index: name == "topk" ? 1 : 0)])
        #expect(try builder.calibrationGroups() == nil)
        // The same rows as the earlier program had: those of the dense cache, to a half's precision.
        let dense = try CacheReader(directory: "\(Self.fixtures)/dense")
        for part in missing {
            let writer = try builder.begin(part)
            for group in there.groups(of: part) {
                writer.append(
                    try dense.rows(epoch: 1, slots: group * 2..<group * 2 + 2),
                    pixelChecksum: try dense.pixelChecksum(epoch: 1, group: group))
            }
            try writer.publish()
        }
        #expect(try contents(path).filter { before[$0.key] != nil } == before)
        let reader = try CacheReader(directory: path)
        #expect(
            try reader.verify(workers: 1).faults == [] && reader.missingParts(epochs: 0..<2) == [])
    }

    @Test("they grow, are compacted and converted") func grown() throws {
        let path = try copy("dense")
        let there = try CacheReader(directory: path).manifest
        let builder = try CacheBuilder(directory: path, manifest: try wanted(there, epochs: 3))
        #expect(builder.manifest.fingerprint == there.fingerprint)
        #expect((builder.grownFrom, builder.manifest.epochs) == (2, 3))
        for part in builder.missingParts(epochs: 0..<3) { try publish(part, with: builder) }
        #expect(try CacheCompaction(directory: path).run().compacted == 3)
        let into = "\(folder.path)/into"
        #expect(try CacheConversion(from: path, into: into, encoding: .topK(2)).run().missing == 0)
        #expect(try CacheReader(directory: into).verify(workers: 1).faults == [])
    }

    @Test(
        "they are merged with those of this program, whose digest is another",
        arguments: [true, false])
    func merged(isFirst: Bool) throws {
        let old = "\(Self.fixtures)/bounded"
        let there = try CacheReader(directory: old).manifest
        let new = "\(folder.path)/new"
        let builder = try CacheBuilder(directory: new, manifest: try wanted(there, epochs: 3))
        let (own, part) = (builder.manifest.fingerprint, PartID(epoch: 1, index: 0))
        for part in [part] + builder.manifest.parts(epochs: 2..<3) {
            try publish(part, with: builder)
        }
        let into = "\(folder.path)/into"
        let merge = try CacheMerge(into: into, sources: isFirst ? [old, new] : [new, old])
        #expect(try merge.run().missing == 0)
        let reader = try CacheReader(directory: into)
        #expect(reader.manifest.fingerprint == (isFirst ? there.fingerprint : own))
        #expect(reader.manifest.digests == [there.fingerprint.digest, own.digest])
        #expect(try reader.verify(workers: 1).faults == [])
        #expect(
            try reader.rows(epoch: 0, slots: 0..<8)
                == CacheReader(directory: old).rows(epoch: 0, slots: 0..<8))
        #expect(
            try reader.rows(epoch: 1, slots: 0..<4)
                == CacheReader(directory: new).rows(epoch: 1, slots: 0..<4))
        #expect(try CacheCompaction(directory: into).run().faults == [])
        #expect(try CacheReader(directory: into).verify(workers: 1).faults == [])
        #expect(try CacheMerge(into: into, sources: [new, old]).run().missing == 0)
    }

    @Test("a reader that was open before a merge reads what it brought") func openBefore() throws {
        let path = try copy("topk")
        let reader = try CacheReader(directory: path)
        let new = "\(folder.path)/new"
        let part = PartID(epoch: 1, index: 1)
        let builder = try CacheBuilder(directory: new, manifest: try wanted(reader.manifest))
        try publish(part, with: builder)
        _ = try CacheMerge(into: path, sources: [new]).run()
        #expect(
            try reader.rows(epoch: 1, slots: 4..<8)
                == CacheReader(directory: new).rows(epoch: 1, slots: 4..<8))
    }
}
