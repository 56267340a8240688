import Foundation
import Testing

@testable import ResponseCache

@Suite("Merging caches") struct CacheMergeTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    /// A cache of some of the parts.
    private func cache(
        _ name: String, _ parts: [(Int, Int)], _ manifest: CacheManifest
    ) throws -> String {
        let builder = try CacheBuilder(directory: path(name), manifest: manifest)
        for (epoch, index) in parts {
            try publish(PartID(epoch: epoch, index: index), with: builder)
        }
        return path(name)
    }

    @Test("disjoint parts give the bytes of one build", arguments: [true, false])
    func disjoint(linking: Bool) throws {
        let manifest = try makeManifest()
        try build(path("whole"), manifest)
        let one = try cache("one", [(0, 0), (0, 2), (1, 1)], manifest)
        let two = try cache("two", [(0, 1), (1, 0), (1, 2)], manifest)
        let before = try [one, two].map(contents)
        let summary = try CacheMerge(into: path("all"), sources: [one, two], linking: linking).run()
        #expect(summary.linked == (linking ? 6 : 0))
        #expect(summary.copied == (linking ? 0 : 6))
        #expect(summary.present == 0)
        #expect(summary.missing == 0)
        #expect(try contents(path("all")) == contents(path("whole")))
        #expect(try [one, two].map(contents) == before)
        // A part that is built again in a source leaves the merged one alone.
        let builder = try CacheBuilder(directory: one, manifest: manifest)
        try publish(PartID(epoch: 0, index: 0), with: builder)
        #expect(try contents(path("all")) == contents(path("whole")))
    }

    @Test("a merge goes on where it was stopped, and adds to what is there") func resumed() throws {
        let manifest = try makeManifest()
        let one = try cache("one", [(0, 0), (0, 1), (0, 2)], manifest)
        let two = try cache("two", [(0, 2), (1, 1)], manifest)
        let merge = try CacheMerge(into: path("all"), sources: [one, two])
        #expect(throws: CancellationError.self) {
            try merge.run { done, total in
                #expect(total == 4)
                if done == 2 { throw CancellationError() }
            }
        }
        let stale = path("all/epoch-0000/.tmp-part-00002.h5-1-0000000000000abc")
        try Data([1]).write(to: URL(fileURLWithPath: stale))
        let summary = try merge.run()
        #expect(summary.present == 2)
        #expect(summary.linked == 2)
        #expect(summary.missing == 2)
        #expect(kind(stale) == nil)
        let three = try cache("three", [(1, 0), (1, 2)], manifest)
        #expect(try CacheMerge(into: path("all"), sources: [three]).run().missing == 0)
        try build(path("whole"), manifest)
        #expect(try contents(path("all")) == contents(path("whole")))
    }

    @Test("overlapping parts must be the same bytes") func overlap() throws {
        let manifest = try makeManifest()
        let one = try cache("one", [(0, 0), (1, 0)], manifest)
        let two = try cache("two", [(1, 0)], manifest)
        let place = "epoch-0001/part-00000.h5"
        var other = try bytes("\(two)/\(place)")
        other[other.count / 2] ^= 1
        try Data(other).write(to: URL(fileURLWithPath: "\(two)/\(place)"))
        #expect(
            try message { _ = try CacheMerge(into: path("all"), sources: [one, two]).run() }
                == "epoch 1, part 0: \(one)/\(place) and \(two)/\(place) have different bytes")
        // Compared before anything is brought in.
        #expect(try contents(path("all")).keys.sorted() == ["manifest.json"])
    }

    @Test("another fingerprint or layout is refused field by field") func mismatch() throws {
        let one = try cache("one", [(0, 0)], try makeManifest())
        let other = Fingerprint(
            fields: someFingerprint.fields.map {
                $0.name == "views.seed" ? .init(name: $0.name, value: "43") : $0
            })
        let two = try cache("two", [(0, 1)], try makeManifest(epochs: 3, fingerprint: other))
        #expect(
            try message { _ = try CacheMerge(into: path("all"), sources: [one, two]) }
                == "\(two): the cache was made from other inputs; name another directory, or "
                + "restore what differs:\n  view.seed: 43 in the cache, 42 here")
        #expect(kind(path("all")) == nil)
        #expect(
            try message { _ = try CacheMerge(into: path("all"), sources: [path("none")]) }
                == "\(path("none")): there is no such cache")
    }

    /// A cache of all parts, in which some epochs lie in one file.
    private func compacted(
        _ name: String, _ epochs: Range<Int>, _ manifest: CacheManifest
    ) throws -> String {
        try build(path(name), manifest)
        _ = try CacheCompaction(directory: path(name)).run(epochs: epochs)
        return path(name)
    }

    @Test("an epoch's file comes whole", arguments: [true, false])
    func epochFile(linking: Bool) throws {
        let manifest = try makeManifest()
        let source = try compacted("source", 0..<1, manifest)
        let expected = try contents(source)
        let merge = try CacheMerge(into: path("all"), sources: [source], linking: linking)
        let summary = try merge.run()
        #expect(summary.linked == (linking ? 6 : 0))
        #expect(summary.copied == (linking ? 0 : 6))
        #expect(summary.missing == 0)
        #expect(try contents(path("all")) == expected)
        let again = try merge.run()
        #expect(again.present == 6)
        #expect(again.linked + again.copied == 0)
        #expect(try contents(path("all")) == expected)
    }

    @Test("an epoch's file comes beside parts that are the same, and parts beside it do not")
    func mixed() throws {
        let manifest = try makeManifest()
        let parts = try cache("parts", [(0, 0), (0, 1), (1, 2)], manifest)
        let whole = try compacted("whole", 0..<2, manifest)
        let target = try cache("all", [(0, 1)], manifest)
        let summary = try CacheMerge(into: target, sources: [parts, whole]).run()
        #expect(summary.present == 1)
        #expect(summary.linked == 5)
        #expect(summary.missing == 0)
        #expect(
            try contents(target).keys.sorted()
                == ["epoch-0000.h5", "epoch-0000/part-00001.h5", "epoch-0001.h5", "manifest.json"])
        #expect(try CacheMerge(into: target, sources: [parts, whole]).run().present == 6)
        #expect(try CacheCompaction(directory: target).run().removed == 1)
        #expect(try contents(target) == contents(whole))
    }

    @Test("a part must be the same in an epoch's file") func differentEpochFile() throws {
        let manifest = try makeManifest()
        let whole = try compacted("whole", 0..<2, manifest)
        let builder = try CacheBuilder(directory: path("parts"), manifest: manifest)
        let (rows, checksums) = content(of: PartID(epoch: 1, index: 0), manifest)
        try publish(
            PartID(epoch: 0, index: 0), with: builder, rows: rows, checksums: checksums)
        #expect(
            try message {
                _ = try CacheMerge(into: path("all"), sources: [whole, path("parts")]).run()
            }
                == "epoch 0, part 0: \(whole)/epoch-0000.h5, part-00000 and "
                + "\(path("parts"))/epoch-0000/part-00000.h5 have different bytes")
        #expect(try contents(path("all")).keys.sorted() == ["manifest.json"])
    }
}
