import Foundation
import Testing

@testable import ResponseCache

/// A cache written by this code and committed, with what h5py reads in it recorded beside it.
///
/// To renew after a change of format: run this suite with UNDERSTUDY_WRITE_FIXTURES=1, then
/// `python3 Tests/Fixtures/cache/record.py` (h5py and numpy).
@Suite("Fixture") struct FixtureTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/cache").path

    private static let encodings: [String: RowEncoding] = [
        "dense": .dense, "topk": .topK(5), "bounded": .bounded(maxKL: 0.01),
        "prior": .bounded(maxKL: 0.01),
    ]

    /// What record.py writes for each cache.
    private struct Recorded: Decodable {
        struct Dataset: Decodable {
            let dtype: String
            let shape: [Int]
            let fletcher32: Bool
            let chunks: [Int]
        }

        struct Part: Decodable {
            let texts: [String: String]
            let numbers: [String: Int]
            let shares: [String: Double]
            let datasets: [String: Dataset]
            /// Decoded by record.py in float64 from the documented layout.
            let rows: [[Double]]
            let pixelChecksums: [UInt32]

            private enum CodingKeys: String, CodingKey {
                case texts, numbers, shares, datasets, rows
                case pixelChecksums = "pixel_crc32c"
            }
        }

        let h5py: String
        let parts: [String: Part]
    }

    private static func manifest(_ name: String) throws -> CacheManifest {
        let encoding = try #require(encodings[name])
        guard name == "prior" else {
            return try makeManifest(
                encoding, classes: 20, epochs: 1, groupsPerEpoch: 3, groupSize: 4, groupsPerPart: 2)
        }
        // As few responses as are worth the bytes of a prior that lists look-alikes.
        return try makeManifest(
            encoding, classes: 80, epochs: 1, groupsPerEpoch: 80, groupSize: 40, groupsPerPart: 60)
    }

    private func recorded(_ name: String) throws -> Recorded {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(Self.fixtures)/\(name).json"))
        return try JSONDecoder().decode(Recorded.self, from: bytes)
    }

    @Test(
        "this code still writes the committed bytes", arguments: encodings.keys.sorted())
    func sameBytes(_ name: String) throws {
        let manifest = try Self.manifest(name)
        #expect(manifest.usesPrior == (name == "prior"))
        let committed = "\(Self.fixtures)/\(name)"
        if ProcessInfo.processInfo.environment["UNDERSTUDY_WRITE_FIXTURES"] != nil {
            try? FileManager.default.removeItem(atPath: committed)
            try build(committed, manifest, inFamilies: name == "prior")
        }
        let folder = try TemporaryFolder()
        try build(folder.path, manifest, inFamilies: name == "prior")
        #expect(
            try bytes("\(committed)/manifest.json") == bytes("\(folder.path)/manifest.json"))
        // Another release of HDF5 may lay out the same content differently.
        guard HDF5File.version.major == 1, HDF5File.version.minor == 10 else { return }
        let priors = try CacheFolder(opening: folder.path).priors.files()
        #expect(priors.count == (name == "prior" ? 1 : 0))
        for path in manifest.parts(epochs: 0..<1).map(\.path) + priors {
            #expect(try bytes("\(committed)/\(path)") == bytes("\(folder.path)/\(path)"))
        }
    }

    @Test("h5py and numpy read the same rows", arguments: encodings.keys.sorted())
    func sameRows(_ name: String) throws {
        let reader = try CacheReader(directory: "\(Self.fixtures)/\(name)")
        if name == "prior" { try requireEveryKind(reader) }
        let recorded = try recorded(name)
        let parts = reader.manifest.parts(epochs: 0..<1)
        #expect(Set(recorded.parts.keys) == Set(parts.map(\.path)))
        for part in parts {
            let theirs = try #require(recorded.parts[part.path])
            let ours = try reader.rows(epoch: 0, slots: reader.manifest.slots(of: part))
            let classes = reader.manifest.classes
            // Of many rows every 50th is recorded.
            let stride = ours.count / classes > 100 ? 50 : 1
            #expect(theirs.rows.count * stride == ours.count / classes)
            let compared = ours.chunked(classes).enumerated().filter { $0.offset % stride == 0 }
            for (mine, other) in zip(compared.map(\.element).joined(), theirs.rows.joined()) {
                // float32 against float64.
                #expect(abs(Double(mine) - other) <= 2e-7 * max(other, 1e-3))
            }
            for (group, checksum) in zip(
                reader.manifest.groups(of: part), theirs.pixelChecksums)
            {
                #expect(try reader.pixelChecksum(epoch: 0, group: group) == checksum)
            }
        }
    }

    /// Checks that the rows which are compared have all that the format knows.
    private func requireEveryKind(_ reader: CacheReader) throws {
        let part = try reader.folder.content(of: PartID(epoch: 0, index: 0))
        guard case .bounded(let layout, let lengths, let packed, let starts) = part.rows.storage
        else { throw CacheError("the rows are not bounded") }
        let rows = lengths.indices.filter { lengths[$0] != BoundedLayout.everyCode && $0 % 50 == 0 }
            .map { ReferenceRow(packed[starts[$0]..<starts[$0 + 1]], layout) }
        #expect(rows.contains { $0.isByPrior && $0.isRanked })
        #expect(rows.contains { !$0.isRanked })
    }

    @Test("h5py sees plain, checksummed, described arrays") func described() throws {
        let dense = try #require(try recorded("dense").parts["epoch-0000/part-00000.h5"])
        #expect(dense.datasets.keys.sorted() == ["pixel_crc32c", "probabilities"])
        #expect(dense.datasets["probabilities"]?.dtype == "<f2")
        #expect(dense.datasets["probabilities"]?.shape == [8, 20])
        let topK = try #require(try recorded("topk").parts["epoch-0000/part-00001.h5"])
        #expect(topK.datasets.keys.sorted() == ["classes", "pixel_crc32c", "values"])
        #expect(topK.datasets["values"]?.dtype == "<f2")
        #expect(topK.datasets["classes"]?.dtype == "<u2")
        #expect(topK.datasets["pixel_crc32c"]?.dtype == "<u4")
        #expect(topK.datasets["values"]?.shape == [4, 5])
        for part in [dense, topK] {
            #expect(part.datasets.values.allSatisfy { $0.fletcher32 })
            #expect(part.texts["format"] == "understudy-response-cache")
            #expect(part.texts["fingerprint"] == someFingerprint.digest)
            #expect(part.texts["teacher"] == "beit-test")
        }
        #expect(
            topK.numbers == [
                "format_version": 3, "top_k": 5, "classes": 20, "epoch": 0, "part": 1,
                "first_group": 2, "groups": 1, "group_size": 4, "first_slot": 8, "rows": 4,
            ])
    }
}
