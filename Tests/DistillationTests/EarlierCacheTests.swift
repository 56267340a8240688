import Base
import Foundation
import ResponseCache
import Testing

@testable import Distillation
@testable import Recipes

/// Caches that an earlier program made (Fixtures/cache/format-3/make.sh), of which this one still has
/// the recipe, the images and the responses.
@Suite("Caches of an earlier program and their recipe") struct EarlierCacheTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/cache/format-3").path

    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func copy(_ name: String) throws -> String {
        let path = "\(scratch.path)/\(name)"
        try FileManager.default.copyItem(atPath: "\(Self.fixtures)/\(name)", toPath: path)
        return path
    }

    /// The import by which the earlier program made them.
    private func `import`(_ overrides: String..., into directory: String) throws -> CacheImport {
        let recipe = try Recipe(
            contentsOf: "\(Self.fixtures)/recipe.yaml", overrides: overrides)
        return try CacheImport(
            recipe: recipe, teacher: recipe.teachers[0], directory: directory,
            loading: .init(workers: 1))
    }

    private func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path))
    }

    @Test(
        "what was missing is built as the earlier program built it",
        arguments: [("topk", "cache.top_k=2", 1), ("bounded", "cache.top_k=none", 0)])
    func continued(name: String, topK: String, missing: Int) throws {
        let cache = try copy(name)
        let manifest = try bytes("\(cache)/manifest.json")
        let summary = try `import`("cache.encoding=\(name)", topK, into: cache)
            .run(progress: Quiet())
        #expect((summary.built, summary.skipped) == (1, 3))
        #expect(try bytes("\(cache)/manifest.json") == manifest)
        let part = "\(cache)/\(PartID(epoch: 1, index: missing).path)"
        // Another release of HDF5 may lay out the same content differently.
        if try bytes(part).count == bytes("\(Self.fixtures)/\(name)-missing.h5").count {
            #expect(try bytes(part) == bytes("\(Self.fixtures)/\(name)-missing.h5"))
        }
        let reader = try CacheReader(directory: cache)
        #expect(try reader.verify(workers: 1).faults == [])
        let slots = reader.manifest.slots(of: PartID(epoch: 1, index: missing))
        let rows = try reader.rows(epoch: 1, slots: slots)
        let dense = try CacheReader(directory: "\(Self.fixtures)/dense")
            .rows(epoch: 1, slots: slots)
        let loss = CacheAudit.divergences(dense, rows, classes: 4)
        #expect(loss.maximum < (name == "topk" ? 0.5 : 0.011))
    }

    @Test("a recipe of more epochs adds them, and one of fewer takes the cache as it is")
    func grown() throws {
        let cache = try copy("dense")
        let few = try `import`("cache.epochs=1", into: cache).run(progress: Quiet())
        #expect((few.built, few.skipped) == (0, 2))
        #expect(
            try bytes("\(cache)/manifest.json") == bytes("\(Self.fixtures)/dense/manifest.json"))
        let progress = Quiet()
        let more = try `import`("cache.epochs=4", into: cache).run(progress: progress)
        #expect((more.built, more.skipped) == (4, 4))
        #expect(progress.lines == ["the cache grows from 2 to 4 epochs"])
        let new = "\(scratch.path)/new"
        _ = try `import`("cache.epochs=4", into: new).run(progress: Quiet())
        let (grown, whole) = (try CacheReader(directory: cache), try CacheReader(directory: new))
        #expect(grown.manifest.digests != whole.manifest.digests)
        #expect(grown.manifest.fingerprint.current == whole.manifest.fingerprint.current)
        for epoch in 0..<4 {
            #expect(
                try grown.rows(epoch: epoch, slots: 0..<8) == whole.rows(epoch: epoch, slots: 0..<8)
            )
            for group in 0..<4 {
                #expect(
                    try grown.pixelChecksum(epoch: epoch, group: group)
                        == whole.pixelChecksum(epoch: epoch, group: group))
            }
        }
    }

    @Test("a run that was begun with one knows it again, also when it has grown or was merged")
    func run() throws {
        let cache = try copy("dense")
        let then = try CacheReader(directory: cache).manifest
        // As an earlier program recorded it.
        let record = """
            {"teacher": "elsewhere", "fingerprint": "\(then.fingerprint.digest)", "encoding": "dense"}
            """
        let recorded = try JSONDecoder().decode(
            RunIdentity.Responses.self, from: Data(record.utf8))
        func now(_ directory: String) throws -> RunIdentity.Responses {
            RunIdentity.Responses(
                teacher: "elsewhere", manifest: try CacheReader(directory: directory).manifest,
                epochs: 2)
        }
        #expect(try now(cache).isRecorded(as: recorded))
        _ = try `import`("cache.epochs=3", into: cache).run(progress: Quiet())
        #expect(try now(cache).isRecorded(as: recorded))
        let new = "\(scratch.path)/new"
        _ = try `import`("cache.epochs=3", into: new).run(progress: Quiet())
        #expect(try now(new).isRecorded(as: recorded), "built anew by this program")
        _ = try CacheMerge(into: "\(scratch.path)/both", sources: [new, cache]).run()
        #expect(try now("\(scratch.path)/both").isRecorded(as: recorded))
        // What this program records holds for every cache of these responses, and for no other.
        let own = try JSONDecoder().decode(
            RunIdentity.Responses.self, from: JSONEncoder().encode(now(new)))
        for directory in [cache, new, "\(scratch.path)/both"] {
            #expect(try now(directory).isRecorded(as: own))
        }
        let other = "\(scratch.path)/other"
        _ = try `import`("seed=8", into: other).run(progress: Quiet())
        #expect(try !now(other).isRecorded(as: own) && !now(other).isRecorded(as: recorded))
    }
}

/// Keeps the lines that it is told.
private final class Quiet: ProgressReporter {
    private(set) var lines: [String] = []

    func begin(_ label: String, total: Int, unit: String) {}
    func advance(to done: Int, note: String) {}
    func end() {}
    func line(_ text: String) { lines.append(text) }
}
