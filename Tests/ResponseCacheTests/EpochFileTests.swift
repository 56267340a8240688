import Foundation
import Testing

@testable import ResponseCache

@Suite("Faults in a compacted cache") struct EpochFileTests {
    private let folder: TemporaryFolder
    private let cache: String

    init() throws {
        folder = try TemporaryFolder()
        cache = "\(folder.path)/cache"
    }

    /// Flips a bit in the dense rows of a part.
    private func damage(_ path: String, _ stored: PartFile.Content) throws {
        var damaged = try bytes(path)
        let pattern = stored.rows.values.withUnsafeBytes { Array($0) }
        let start = try #require(damaged.indices.first { damaged[$0...].starts(with: pattern) })
        damaged[start + 5] ^= 0x10
        try write(damaged, to: path)
    }

    @Test("a damaged part keeps its epoch, and no other") func damagedPart() throws {
        let manifest = try makeManifest(.dense)
        try build(cache, manifest)
        let path = "\(cache)/epoch-0000/part-00001.h5"
        let stored = try PartFile(manifest: manifest, part: PartID(epoch: 0, index: 1))
            .decode(path: path)
        try damage(path, stored)
        let before = try contents(cache)
        let summary = try CacheCompaction(directory: cache).run()
        #expect(summary.compacted == 1)
        #expect(summary.removed == 3)
        #expect(summary.faults.map(\.epoch) == [0])
        #expect(summary.faults.map(\.part) == [1])
        #expect(
            summary.faults.first?.message
                == "\(path): cannot read dataset 'probabilities': data error detected by "
                + "Fletcher32 checksum (can't read data); delete this file and build the part again"
        )
        #expect(
            try contents(cache).filter { !$0.key.hasPrefix("epoch-0001") }
                == before.filter { !$0.key.hasPrefix("epoch-0001") })
    }

    @Test("no part is removed beside an epoch's file that is not the same") func untrusted() throws
    {
        let manifest = try makeManifest(.dense)
        try build(cache, manifest)
        let whole = "\(folder.path)/whole"
        try FileManager.default.copyItem(atPath: cache, toPath: whole)
        _ = try CacheCompaction(directory: whole).run()
        let path = "\(cache)/epoch-0000.h5"
        func refused() throws -> String? {
            let before = try contents(cache)
            let summary = try CacheCompaction(directory: cache).run(epochs: 0..<1)
            #expect(summary.removed == 0)
            #expect(try contents(cache) == before)
            return summary.faults.first?.message
        }
        let remedy = "delete this file and build its parts again"

        try write(try bytes("\(whole)/epoch-0001.h5"), to: path)
        #expect(
            try refused()
                == "\(path): belongs to another cache or place: its epoch is 1, the manifest says "
                + "0; \(remedy)")

        try write(try bytes("\(whole)/epoch-0000.h5"), to: path)
        let part = PartID(epoch: 0, index: 2)
        try damage(
            path,
            PartFile(manifest: manifest, part: part).decode(path: "\(cache)/\(part.path)"))
        let damaged =
            "\(path), part-00002: cannot read dataset 'probabilities': data error detected by "
            + "Fletcher32 checksum (can't read data); \(remedy)"
        #expect(try refused() == damaged)
        // A reader takes the part, as long as it is there.
        #expect(try CacheReader(directory: cache).verify(workers: 1).faults.isEmpty)
        try FileManager.default.removeItem(atPath: "\(cache)/epoch-0000")
        let reader = try CacheReader(directory: cache)
        #expect(try message { _ = try reader.rows(epoch: 0, slots: 19..<20) } == damaged)
        #expect(try reader.rows(epoch: 0, slots: 0..<16).count == 160)
        #expect(try reader.verify(workers: 1).faults.map(\.message) == [damaged])

        // Sound, and of other responses.
        let other = "\(folder.path)/other"
        let builder = try CacheBuilder(directory: other, manifest: manifest)
        for index in 0..<3 {
            let (rows, checksums) = content(of: PartID(epoch: 1, index: index), manifest)
            try publish(
                PartID(epoch: 0, index: index), with: builder, rows: rows, checksums: checksums)
        }
        _ = try CacheCompaction(directory: other).run()
        unlink(path)
        try build(cache, manifest)
        try write(try bytes("\(other)/epoch-0000.h5"), to: path)
        #expect(
            try refused()
                == "epoch 0, part 0: \(cache)/epoch-0000/part-00000.h5 and \(path), part-00000 have "
                + "different bytes, though both can be read; delete the first, or the second and "
                + "build what is missing")
    }

    @Test("an epoch's file of fewer parts says what it lacks") func fewerParts() throws {
        try build(cache, try makeManifest(groupsPerEpoch: 4))
        _ = try CacheCompaction(directory: cache).run()
        let other = "\(folder.path)/other"
        _ = try CacheBuilder(directory: other, manifest: try makeManifest())
        let path = "\(other)/epoch-0001.h5"
        try write(try bytes("\(cache)/epoch-0001.h5"), to: path)
        let reader = try CacheReader(directory: other)
        #expect(try reader.rows(epoch: 1, slots: 0..<16).count == 160)
        #expect(
            try message { _ = try reader.rows(epoch: 1, slots: 15..<17) }
                == "\(path), part-00002: has no group 'part-00002'; delete this file and build its "
                + "parts again")
        #expect(
            try message { _ = try reader.info() }
                == "\(path): belongs to another cache or place: its parts is 2, the manifest says "
                + "3; delete this file and build its parts again")
    }

    /// Either the flip is found, or nothing that a reader is given has changed: HDF5 leaves bytes
    /// between its blocks that belong to nothing.
    @Test(
        "one flipped byte in each of 200 copies of an epoch's file", arguments: someEncodings,
        [1, 5])
    func flips(_ encoding: RowEncoding, groupsPerPart: Int) throws {
        let manifest = try makeManifest(
            encoding, epochs: 1, groupsPerEpoch: 12, groupsPerPart: groupsPerPart)
        try build(cache, manifest)
        let expected = try Everything(of: try CacheReader(directory: cache))
        _ = try CacheCompaction(directory: cache).run()
        let path = "\(cache)/epoch-0000.h5"
        let whole = try bytes(path)
        var numbers = Sequence64(state: 300)
        var detected = 0
        for copy in 0..<200 {
            var damaged = whole
            let position = Int(numbers.next() % UInt64(whole.count))
            damaged[position] ^= UInt8(1 + numbers.next() % 255)
            try write(damaged, to: path)
            let reader = try CacheReader(directory: cache)
            let faults = try reader.verify(workers: 1).faults
            if !faults.isEmpty {
                #expect(
                    faults.allSatisfy { $0.message.hasPrefix(path) },
                    "copy \(copy), byte \(position)")
                detected += 1
                continue
            }
            // What is only in the root group, which verifying parts does not read.
            do {
                #expect(try Everything(of: reader) == expected, "copy \(copy), byte \(position)")
            } catch let error as CacheError {
                #expect(error.description.hasPrefix(path), "copy \(copy), byte \(position)")
                detected += 1
            }
        }
        #expect(detected > 50)
        try write(whole, to: path)
        #expect(try Everything(of: try CacheReader(directory: cache)) == expected)
    }
}
