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

    /// Parts that h5py changed; see Tests/Fixtures/cache/make_unsound.py.
    @Test(
        "a part that HDF5 reads and nobody wrote so is refused by verifying and by reading",
        arguments: [
            ("soft-link", "dataset 'probabilities' is a link, and not stored here"),
            ("external-link", "dataset 'probabilities' is a link, and not stored here"),
            ("unwritten", "dataset 'probabilities' was not written as a whole: 0 of 328 bytes"),
            (
                "half-written",
                "dataset 'probabilities' was not written as a whole: 164 of 328 bytes"
            ),
            ("unsummed", "dataset 'probabilities' was not written as a whole: 320 of 324 bytes"),
            ("nan", "its mean_kl is nan, and 0.0 to 104.0 are possible"),
            ("infinite", "its max_kl_measured is inf, and 0.0 to 104.0 are possible"),
            ("negative", "its mean_kl is -0.5, and 0.0 to 104.0 are possible"),
            ("entries", "its mean_entries is 21.0, and 1.0 to 20.0 are possible"),
            ("bytes", "its mean_bytes is 0.0, and 1.0 to 81.0 are possible"),
        ])
    func unsound(_ name: String, _ reason: String) throws {
        let fixtures = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/cache").path
        try FileManager.default.copyItem(atPath: "\(fixtures)/dense", toPath: cache)
        #expect(try CacheReader(directory: cache).verify(workers: 1).faults.isEmpty)
        try write(try bytes("\(fixtures)/unsound/\(name).h5"), to: path(0, 0))
        let reader = try CacheReader(directory: cache)
        let text = "\(path(0, 0)): \(reason); delete this file and build the part again"
        #expect(try reader.verify(workers: 1).faults.map(\.message) == [text])
        #expect(try message { _ = try reader.rows(epoch: 0, slots: 0..<1) } == text)
        // What is only counted is refused, too.
        if reason.hasPrefix("its ") { #expect(try message { _ = try reader.info() } == text) }
    }

    @Test("a folder of parts that cannot be listed is an error, and not parts that are missing")
    func unlisted() throws {
        try build(cache, try makeManifest())
        let folder = "\(cache)/epoch-0001"
        try FileManager.default.moveItem(atPath: folder, toPath: "\(cache)/moved")
        // As where a link leads to a disk that is not there; and one that leads to itself.
        for target in ["/nowhere/epoch-0001", "epoch-0001"] {
            try FileManager.default.createSymbolicLink(
                atPath: folder, withDestinationPath: target)
            let reason =
                target == "epoch-0001"
                ? "Too many levels of symbolic links" : "No such file or directory"
            let text = "\(folder): cannot list the parts in it: \(reason)"
            #expect(try message { _ = try CacheReader(directory: cache) } == text)
            #expect(
                try message {
                    _ = try CacheBuilder(directory: cache, manifest: try makeManifest())
                } == text)
            try FileManager.default.removeItem(atPath: folder)
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder, withDestinationPath: "\(cache)/moved")
        #expect(try CacheReader(directory: cache).verify(workers: 1).parts == 6)
    }

    @Test("a copy beside an epoch's folder or file is nobody's") func copies() throws {
        try build(cache, try makeManifest())
        for name in ["epoch-0000.h5.bak", "epoch-0001.bak", "epoch-", "epoch-notes.txt"] {
            try Data([1]).write(to: URL(fileURLWithPath: "\(cache)/\(name)"))
            #expect(try CacheReader(directory: cache).verify(workers: 1).parts == 6)
            _ = try CacheBuilder(directory: cache, manifest: try makeManifest())
        }
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
