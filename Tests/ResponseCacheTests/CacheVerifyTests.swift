import Foundation
import Testing

@testable import ResponseCache

@Suite("Verifying a cache") struct CacheVerifyTests {
    private let folder: TemporaryFolder
    private let cache: String

    init() throws {
        folder = try TemporaryFolder()
        cache = "\(folder.path)/cache"
    }

    private func path(_ epoch: Int, _ index: Int) -> String {
        "\(cache)/\(PartID(epoch: epoch, index: index).path)"
    }

    @Test("a sound cache has no fault, on one thread or several", arguments: [1, 3])
    func sound(workers: Int) throws {
        try build(cache, try makeManifest())
        try FileManager.default.removeItem(atPath: path(1, 1))
        var told: [Int] = []
        let found = try CacheReader(directory: cache).verify(workers: workers) { done, total in
            #expect(total == 5)
            told.append(done)
        }
        #expect(found.parts == 5)
        #expect(found.partsInAll == 6)
        #expect(found.responses == 32)
        #expect(found.faults.isEmpty)
        #expect(told.first == 0)
        #expect(told.last == 5)
        #expect(told == told.sorted())
    }

    @Test("each fault names its part and dataset, and the others are still read")
    func faults() throws {
        let manifest = try makeManifest(.dense)
        try build(cache, manifest)
        // A value flipped in a dataset, a part in the wrong place, and half a file.
        let stored = try CacheFolder(opening: cache).content(of: PartID(epoch: 0, index: 1))
        var damaged = try bytes(path(0, 1))
        let pattern = stored.rows.values.withUnsafeBytes { Array($0) }
        let start = try #require(damaged.indices.first { damaged[$0...].starts(with: pattern) })
        damaged[start + 3] ^= 0x40
        try write(damaged, to: path(0, 1))
        try write(try bytes(path(0, 0)), to: path(1, 0))
        let whole = try bytes(path(1, 2))
        try write(Array(whole.prefix(whole.count / 2)), to: path(1, 2))

        let found = try CacheReader(directory: cache).verify(workers: 2)
        #expect(found.parts == 6)
        #expect(found.responses == 8 + 4 + 8)
        #expect(found.faults.map(\.epoch) == [0, 1, 1])
        #expect(found.faults.map(\.part) == [1, 0, 2])
        let advice = "delete this file and build the part again"
        #expect(
            found.faults[0].message
                == "\(path(0, 1)): cannot read dataset 'probabilities': data error detected by "
                + "Fletcher32 checksum (can't read data); \(advice)")
        #expect(
            found.faults[1].message
                == "\(path(1, 0)): belongs to another cache or place: its epoch is 0, the manifest "
                + "says 1; \(advice)")
        #expect(found.faults[2].message.hasPrefix("\(path(1, 2)): cannot open: "))
        #expect(found.faults.allSatisfy { !$0.message.contains("\n") })
    }

    @Test("what progress throws ends the check") func interrupted() throws {
        try build(cache, try makeManifest())
        let reader = try CacheReader(directory: cache)
        #expect(throws: CancellationError.self) {
            try reader.verify(workers: 1) { done, _ in if done > 0 { throw CancellationError() } }
        }
    }

    /// Either the flip is found, or nothing that a reader is given has changed: HDF5 leaves bytes
    /// between its blocks that belong to nothing.
    @Test(
        "one flipped byte in each of 200 copies of a part",
        arguments: [RowEncoding.dense, .topK(3), .bounded(maxKL: 0.01)])
    func flips(_ encoding: RowEncoding) throws {
        let manifest = try makeManifest(encoding, epochs: 1, groupsPerPart: 5)
        try build(cache, manifest)
        let reader = try CacheReader(directory: cache)
        let expected = try reader.rows(epoch: 0, slots: 0..<20)
        let checksums = try (0..<5).map { try reader.pixelChecksum(epoch: 0, group: $0) }
        let whole = try bytes(path(0, 0))
        var numbers = Sequence64(state: 200)
        var detected = 0
        for copy in 0..<200 {
            var damaged = whole
            let position = Int(numbers.next() % UInt64(whole.count))
            damaged[position] ^= UInt8(1 + numbers.next() % 255)
            try write(damaged, to: path(0, 0))
            // A reader keeps the part that it read last.
            let reader = try CacheReader(directory: cache)
            let faults = try reader.verify(workers: 1).faults
            if let fault = faults.first {
                #expect(fault.message.hasPrefix(path(0, 0)), "copy \(copy), byte \(position)")
                detected += 1
                continue
            }
            #expect(
                try reader.rows(epoch: 0, slots: 0..<20) == expected,
                "copy \(copy), byte \(position)")
            for group in 0..<5 {
                #expect(
                    try reader.pixelChecksum(epoch: 0, group: group) == checksums[group],
                    "copy \(copy), byte \(position)")
            }
        }
        #expect(detected > 50)
        try write(whole, to: path(0, 0))
        #expect(try CacheReader(directory: cache).verify(workers: 1).faults.isEmpty)
    }
}
