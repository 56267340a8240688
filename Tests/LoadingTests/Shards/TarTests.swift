// Archives of Python's tarfile and of webdataset, and what the latter reads from them; made by
// Tests/Fixtures/loading/make_shards.py.
import Foundation
import Testing

@testable import Loading

/// Builds archives block by block.
struct TestTar {
    var bytes: [UInt8] = []

    mutating func add(_ name: String, _ data: [UInt8], source: String? = nil) {
        bytes += TarBlocks.header(name: name, size: data.count, source: source)
        bytes += data + TarBlocks.padding(data.count)
    }

    mutating func add(_ key: String, image: [UInt8] = [1, 2, 3], label: Int) {
        add("\(key).jpg", image)
        add("\(key).cls", Array("\(label)".utf8))
    }

    var ended: [UInt8] { bytes + TarBlocks.end }

    /// Changes bytes of the header at an offset and makes its checksum fit again.
    static func patch(_ bytes: inout [UInt8], header: Int, at offset: Int, _ patch: [UInt8]) {
        bytes.replaceSubrange(header + offset..<header + offset + patch.count, with: patch)
        let sum = bytes[header..<header + 512].withUnsafeBytes { TarHeader.checksums($0).unsigned }
        let digits = String(sum, radix: 8)
        let text = String(repeating: "0", count: 6 - digits.count) + digits
        bytes.replaceSubrange(header + 148..<header + 156, with: Array(text.utf8) + [0, 32])
    }
}

@Suite("Tar archives") struct TarTests {
    private static let folder = Fixture.url("loading").path

    @Test(
        "samples are those that webdataset reads", arguments: ["ustar", "gnu", "pax", "webdataset"])
    func peers(_ name: String) throws {
        let expected = try #require(
            JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/expected.json")))
                as? [String: [[Any]]])
        let rows = try #require(expected[name])
        // A copy, for the index is written beside it.
        let scratch = try Scratch()
        let path = "\(scratch.path)/\(name).tar"
        try FileManager.default.copyItem(atPath: "\(Self.folder)/\(name).tar", toPath: path)
        let scan = try ShardScan(path)
        try #require(scan.entries.count == rows.count)
        let dataset = try ImageDataset(path)
        for (index, row) in rows.enumerated() {
            let entry = scan.entries[index]
            let parts = try #require(ShardScan.split(entry.sample.path))
            #expect(parts.key == row[0] as? String)
            #expect(parts.ending == row[1] as? String)
            #expect(entry.sample.label == row[2] as? Int)
            #expect(entry.offset == row[4] as? Int)
            let content = try dataset.reading(index, into: FileBuffer()) {
                String(decoding: $0, as: UTF8.self)
            }
            #expect(content == row[3] as? String)
        }
    }

    @Test("every length of name comes back, with the path it stands for") func names() throws {
        let scratch = try Scratch()
        var tar = TestTar()
        var paths: [String] = []
        for length in [1, 95, 96, 97, 100, 151, 152, 250, 251, 252, 300] {
            for slash in [nil, 1, 40, 99, 100, 140, 155, 156] as [Int?] {
                var key = String(repeating: "n", count: length)
                if let slash {
                    guard slash < length - 1 else { continue }
                    key = key.prefix(slash) + "/" + key.dropFirst(slash + 1)
                }
                paths.append(paths.count % 2 == 0 ? "\(key).jpg" : "\(key).old.jpg")
                tar.add("\(key).jpg", [7], source: paths.count % 2 == 0 ? paths.last : nil)
                tar.add("\(key).cls", Array("0".utf8))
            }
        }
        let path = try scratch.write("x.tar", tar.ended)
        #expect(try ShardScan(path).entries.map(\.sample.path) == paths)
    }

    /// The error of walking an archive of these bytes.
    private func fault(_ bytes: [UInt8]) throws -> String? {
        let scratch = try Scratch()
        try scratch.write("x.tar", bytes)
        return datasetError(scratch, "x.tar")
    }

    @Test("a cut or damaged archive is refused with the offset") func damage() throws {
        var tar = TestTar()
        tar.add("a", label: 0)
        tar.add("b", label: 0)
        let whole = tar.ended
        #expect(try fault(whole) == nil)
        #expect(try fault([]) == "…/x.tar: offset 0: the file is empty")
        #expect(
            try fault(Array(whole[..<2048]))
                == "…/x.tar: offset 2048: cut short: the end of the archive is missing, the file has "
                + "2048 bytes")
        #expect(
            try fault(Array(whole[..<2200]))
                == "…/x.tar: offset 2048: cut short: the end of the archive is missing, the file has "
                + "2200 bytes")
        #expect(
            try fault(Array(whole[..<2562]))
                == "…/x.tar: offset 2048: cut short: a member of 3 bytes begins here, the file ends "
                + "after 2")
        var flipped = whole
        flipped[2048] ^= 1
        #expect(
            try fault(flipped)?.hasPrefix("…/x.tar: offset 2048: damaged header: checksum ") == true
        )
        #expect(
            try fault(whole + whole)
                == "…/x.tar: offset 4096: data follow the end of the archive (is it two archives "
                + "joined?); pack it anew")
        #expect(
            try fault(TarBlocks.end)
                == "…/x.tar: holds no sample, it is empty; expected <key>.jpg and <key>.cls")
        var others = TestTar()
        for name in ["README", "a/.hidden", "__meta__/b.json", "x", "y"] { others.add(name, [1]) }
        #expect(
            try fault(others.ended)
                == "…/x.tar: holds no sample, its members are README, a/.hidden, __meta__/b.json, …; "
                + "expected <key>.jpg and <key>.cls")
    }

    @Test("absurd sizes end in an error, never in a wait or an overflow") func sizes() throws {
        var tar = TestTar()
        tar.add("a", label: 0)
        func patched(_ size: [UInt8], type: UInt8 = 48) throws -> String? {
            var bytes = tar.ended
            TestTar.patch(&bytes, header: 0, at: 124, size)
            TestTar.patch(&bytes, header: 0, at: 156, [type])
            return try fault(bytes)
        }
        let huge =
            [0x80] + [UInt8](repeating: 0, count: 4) + [0x7f] + [UInt8](repeating: 255, count: 6)
        #expect(
            try patched(huge)
                == "…/x.tar: offset 0: cut short: a member of 36028797018963967 bytes "
                + "begins here, the file ends after 2560")
        #expect(
            try patched([0x80] + [UInt8](repeating: 255, count: 11))
                == "…/x.tar: offset 0: damaged header: the size is too large")
        #expect(
            try patched([UInt8](repeating: 255, count: 12))
                == "…/x.tar: offset 0: damaged header: negative size")
        #expect(
            try patched(Array("00000000009 ".utf8))
                == "…/x.tar: offset 0: damaged header: the size is no octal number")
        #expect(
            try patched(Array("77777777777 ".utf8))
                == "…/x.tar: offset 0: cut short: a member of 8589934591 bytes begins here, the file "
                + "ends after 2560")
        // GNU's base 256 for a size that fits.
        #expect(try patched([0x80] + [UInt8](repeating: 0, count: 10) + [3]) == nil)
        var long = TestTar()
        long.add("././@LongLink", [UInt8](repeating: 97, count: 2 << 20))
        var bytes = long.ended
        TestTar.patch(&bytes, header: 0, at: 156, [UInt8(ascii: "L")])
        #expect(
            try fault(bytes)
                == "…/x.tar: offset 0: damaged header: a name or label of 2097152 bytes")
        for type in "SM".utf8 {
            #expect(
                try patched([], type: type)
                    == "…/x.tar: offset 0: sparse and multi-volume members cannot be read; pack it "
                    + "anew")
        }
    }

    @Test(
        "damaged pax records are refused",
        arguments: ["x", "9 path=", "99 path=a\n", "0 =\n", "11 size=1x\n\n", "3 \n", "7 patha\n"])
    func records(_ text: String) throws {
        var tar = TestTar()
        tar.add("pax", Array(text.utf8))
        tar.add("a", label: 0)
        var bytes = tar.ended
        TestTar.patch(&bytes, header: 0, at: 156, [UInt8(ascii: "x")])
        let message = try fault(bytes)
        #expect(
            message?.hasPrefix("…/x.tar: offset 0: damaged pax records") == true, "\(message ?? "")"
        )
    }

    @Test("random damage never crashes the reader") func fuzz() throws {
        let scratch = try Scratch()
        var generator = SplitMix(state: 1)
        let sources = try ["gnu", "pax", "ustar"].map {
            try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\($0).tar")))
        }
        var outcomes: Set<Bool> = []
        for round in 0..<600 {
            var bytes = sources[round % 3]
            let header = Int(generator.next() % UInt64(bytes.count / 512)) * 512
            let patch = (0..<Int(generator.next() % 12) + 1).map { _ in
                UInt8(truncatingIfNeeded: generator.next())
            }
            let offset = [0, 124, 156, 257, 345][Int(generator.next() % 5)]
            TestTar.patch(&bytes, header: header, at: offset, patch)
            if round % 4 == 0 { bytes.removeLast(Int(generator.next() % UInt64(bytes.count))) }
            let path = try scratch.write("x.tar", bytes)
            outcomes.insert((try? ShardScan(path)) != nil)
        }
        #expect(outcomes == [true, false])
    }
}

/// SplitMix64, for damage that is the same in each run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
