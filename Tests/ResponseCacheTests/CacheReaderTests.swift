import Foundation
import Testing

@testable import ResponseCache

@Suite("CacheReader") struct CacheReaderTests {
    private let folder: TemporaryFolder
    private let cache: String

    init() throws {
        folder = try TemporaryFolder()
        cache = "\(folder.path)/cache"
    }

    private func path(_ epoch: Int, _ index: Int) -> String {
        "\(cache)/\(PartID(epoch: epoch, index: index).path)"
    }

    @Test(
        "slots across parts come in plan order, near what was stored",
        arguments: [RowEncoding.dense, .topK(3)])
    func acrossParts(_ encoding: RowEncoding) throws {
        let manifest = try makeManifest(encoding)
        try build(cache, manifest)
        let reader = try CacheReader(directory: cache, expecting: someFingerprint)
        #expect(reader.manifest == manifest)
        for epoch in 0..<2 {
            let given = manifest.parts(epochs: epoch..<epoch + 1)
                .flatMap { content(of: $0, manifest).rows }
            let expected = try roundTrip(given, classes: 10, encoding).decoded
            for slots in [0..<20, 0..<1, 7..<9, 6..<18, 19..<20, 5..<5] {
                let read = try reader.rows(epoch: epoch, slots: slots)
                #expect(read == Array(expected[slots.lowerBound * 10..<slots.upperBound * 10]))
            }
            if encoding == .dense {
                for (near, exact) in zip(expected, given) { #expect(abs(near - exact) < 1e-3) }
            }
        }
    }

    @Test("pixel checksums are those of the group") func pixelChecksums() throws {
        let manifest = try makeManifest()
        try build(cache, manifest)
        let reader = try CacheReader(directory: cache)
        for epoch in 0..<2 {
            let expected = manifest.parts(epochs: epoch..<epoch + 1)
                .flatMap { content(of: $0, manifest).checksums }
            for group in [4, 0, 1, 3, 2] {
                #expect(try reader.pixelChecksum(epoch: epoch, group: group) == expected[group])
            }
        }
        #expect(
            try message { _ = try reader.pixelChecksum(epoch: 0, group: 5) }
                == "\(cache): has 5 groups per epoch; group 5 is beyond them")
    }

    @Test("many threads may share a reader") func threads() async throws {
        try build(cache, try makeManifest())
        let reader = try CacheReader(directory: cache)
        let expected = try [0, 1].map { try reader.rows(epoch: $0, slots: 0..<20) }
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<16 {
                group.addTask {
                    (try? reader.rows(epoch: task % 2, slots: 0..<20)) == expected[task % 2]
                }
            }
            for await same in group { #expect(same) }
        }
    }

    @Test("an unfinished cache can be read, and says what is missing") func missing() throws {
        let manifest = try makeManifest()
        let builder = try CacheBuilder(directory: cache, manifest: manifest)
        for part in [PartID(epoch: 0, index: 0), PartID(epoch: 0, index: 2)] {
            try publish(part, with: builder)
        }
        let reader = try CacheReader(directory: cache)
        #expect(try reader.rows(epoch: 0, slots: 0..<8).count == 80)
        #expect(
            throws: CacheError(
                "\(cache): epoch 0, part 1 (slots 8..<16) is not in the cache", cause: .missingPart)
        ) { try reader.rows(epoch: 0, slots: 4..<12) }
        // An epoch that the cache does not hold is not replayed by another one.
        #expect(
            throws: CacheError(
                "\(cache): epoch 2, part 0 (slots 0..<8) is not in the cache", cause: .missingPart)
        ) { try reader.rows(epoch: 2, slots: 4..<12) }
        #expect(reader.missingParts(epochs: 2..<3) == manifest.parts(epochs: 2..<3))
        #expect(reader.coverage() == [0: [0, 2], 1: []])
        #expect(reader.missingParts(epochs: 0..<1) == [PartID(epoch: 0, index: 1)])
        // Published while the reader is open.
        try publish(PartID(epoch: 0, index: 1), with: builder)
        #expect(try reader.rows(epoch: 0, slots: 0..<20).count == 200)
        #expect(
            try message { _ = try reader.rows(epoch: 0, slots: 10..<21) }
                == "\(cache): has 20 slots per epoch; slots 10..<21 are beyond them")
    }

    @Test("info counts what is there") func info() throws {
        let manifest = try makeManifest()
        let builder = try CacheBuilder(directory: cache, manifest: manifest)
        let reader = try CacheReader(directory: cache)
        #expect(try reader.info().bytesPerResponse == nil)
        for part in manifest.parts(epochs: 1..<2) { try publish(part, with: builder) }
        try publish(PartID(epoch: 0, index: 2), with: builder)
        // Somebody's temporary is no part.
        try write([1, 2], to: "\(cache)/epoch-0000/.tmp-part-00000.h5-1-0000000000000abc")
        let info = try reader.info()
        let bytes = try [(0, 2), (1, 0), (1, 1), (1, 2)].reduce(0) {
            $0 + (try ResponseCacheTests.bytes(path($1.0, $1.1)).count)
        }
        #expect(info.parts == 4)
        #expect(info.partsInAll == 6)
        #expect(info.responses == 24)
        #expect(info.responsesInAll == 40)
        #expect(info.completeEpochs == 1)
        #expect(info.bytes == bytes)
        #expect(info.bytesPerResponse == Double(bytes) / 24)
        #expect(info.encodedBytesPerResponse == 12)
    }

    @Test("what is no cache is said to be none") func noCache() throws {
        #expect(
            throws: CacheError("\(cache): there is no such cache", cause: .noCache)
        ) { try CacheReader(directory: cache) }
        let file = try folder.file("file", [1])
        #expect(
            try message { _ = try CacheReader(directory: file) }
                == "\(file): is not a folder, and a response cache is one")
        #expect(
            try message { _ = try CacheReader(directory: folder.path) }
                == "\(folder.path): is not a response cache: it has no manifest.json")
    }

    @Test("another fingerprint is refused, field by field") func fingerprint() throws {
        try build(cache, try makeManifest())
        let other = Fingerprint(
            fields: [
                .init(name: "views.seed", value: "43"),
                .init(name: "views.randaugment", value: "rand-m9-mstd0.5"),
                .init(name: "teacher.weights", value: "sha256:00ff"),
            ])
        #expect(
            try message { _ = try CacheReader(directory: cache, expecting: other) } == """
                \(cache): the cache was made from other inputs; name another directory, or restore \
                what differs:
                  view.seed: 42 in the cache, 43 here
                  view.randaugment: rand-m7-mstd0.5 in the cache, rand-m9-mstd0.5 here
                """)
    }

    @Test("a part in another part's place, or of another cache, is refused by field")
    func foreignParts() throws {
        try build(cache, try makeManifest())
        let other = "\(folder.path)/other"
        let fingerprint = Fingerprint(fields: [.init(name: "views.seed", value: "7")])
        try build(other, try makeManifest(fingerprint: fingerprint))
        let dense = "\(folder.path)/dense"
        try build(dense, try makeManifest(.dense))
        let reader = try CacheReader(directory: cache)
        let place = path(0, 1)
        func refused(_ source: String) throws -> String? {
            try write(try bytes(source), to: place)
            return try message { _ = try reader.rows(epoch: 0, slots: 8..<9) }
        }
        let begin = "\(place): belongs to another cache or place: its "
        let end = "; delete this file and build the part again"
        #expect(try refused(path(1, 1)) == "\(begin)epoch is 1, the manifest says 0\(end)")
        #expect(try refused(path(0, 0)) == "\(begin)part is 0, the manifest says 1\(end)")
        #expect(
            try refused("\(other)/epoch-0000/part-00001.h5")
                == "\(begin)fingerprint is \(fingerprint.digest), "
                + "the manifest says \(someFingerprint.digest)\(end)")
        #expect(
            try refused("\(dense)/epoch-0000/part-00001.h5")
                == "\(begin)encoding is dense, the manifest says topk\(end)")
    }

    @Test("a truncated part is an error that names it") func truncated() throws {
        try build(cache, try makeManifest())
        let place = path(0, 0)
        let whole = try bytes(place)
        for count in [0, 1, 100, whole.count / 2, whole.count - 1] {
            try write(Array(whole[..<count]), to: place)
            let reader = try CacheReader(directory: cache)
            let text = try message { _ = try reader.rows(epoch: 0, slots: 0..<1) }
            #expect(text?.hasPrefix("\(place): cannot open: ") == true, "\(text ?? "read")")
            #expect(text?.contains("\n") == false)
        }
    }

    @Test(
        "a flipped byte in a dataset is an error that names part and dataset",
        arguments: [RowEncoding.dense, .topK(3)])
    func flippedValue(_ encoding: RowEncoding) throws {
        try build(cache, try makeManifest(encoding))
        let place = path(0, 0)
        let whole = try bytes(place)
        let stored = try CacheFolder(opening: cache).content(of: PartID(epoch: 0, index: 0))
        let arrays: [(String, [UInt16])] =
            encoding == .dense
            ? [("probabilities", stored.rows.values)]
            : [("values", stored.rows.values), ("classes", stored.rows.indices)]
        for (name, array) in arrays {
            let pattern = array.withUnsafeBytes { Array($0) }
            let start = try #require(
                whole.indices.first { whole[$0...].starts(with: pattern) }, "\(name)")
            var damaged = whole
            damaged[start + 5] ^= 0x10
            try write(damaged, to: place)
            let reader = try CacheReader(directory: cache)
            let text = try message { _ = try reader.rows(epoch: 0, slots: 0..<1) }
            #expect(
                text == "\(place): cannot read dataset '\(name)': data error detected by "
                    + "Fletcher32 checksum (can't read data); "
                    + "delete this file and build the part again")
        }
    }

    @Test("no flipped byte anywhere in a part changes what is read", arguments: [true, false])
    func anyFlippedByte(dense: Bool) throws {
        let manifest = try makeManifest(dense ? .dense : .topK(3))
        try build(cache, manifest)
        let place = path(0, 0)
        let whole = try bytes(place)
        let folder = try CacheFolder(opening: cache)
        let part = PartID(epoch: 0, index: 0)
        let good = try folder.content(of: part)
        var numbers = Sequence64(state: 5)
        var detected = 0
        for position in stride(from: 0, to: whole.count, by: 3) {
            var damaged = whole
            damaged[position] ^= UInt8(1 + numbers.next() % 255)
            try write(damaged, to: place)
            guard let read = try? folder.content(of: part) else {
                detected += 1
                continue
            }
            #expect(read.rows.values == good.rows.values, "byte \(position)")
            #expect(read.rows.indices == good.rows.indices, "byte \(position)")
            #expect(read.pixelChecksums == good.pixelChecksums, "byte \(position)")
        }
        // The rest is padding, and what only other readers of HDF5 look at.
        #expect(detected > whole.count / 3 / 3)
    }
}
