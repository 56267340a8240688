import Base
import Foundation
import Testing

@testable import ResponseCache

@Suite("Growing a cache") struct CacheGrowthTests {
    private let folder: TemporaryFolder
    private let cache: String

    init() throws {
        folder = try TemporaryFolder()
        cache = "\(folder.path)/cache"
    }

    /// The same cache with other epochs, by which nothing else changes.
    private func manifest(_ encoding: RowEncoding = .dense, epochs: Int) throws -> CacheManifest {
        try makeManifest(encoding, epochs: epochs)
    }

    /// The bytes of the parts' files and the priors.
    private func parts(_ directory: String) throws -> [String: [UInt8]] {
        try contents(directory).filter { $0.key != "manifest.json" }
    }

    @Test(
        "further epochs are added, and the cache is that of a build in one go",
        arguments: [RowEncoding.dense, .topK(3)])
    func grows(_ encoding: RowEncoding) throws {
        try build(cache, try manifest(encoding, epochs: 2))
        let before = try parts(cache)
        let open = try CacheReader(directory: cache)
        let builder = try CacheBuilder(
            directory: cache, manifest: try manifest(encoding, epochs: 5))
        #expect(builder.grownFrom == 2)
        #expect(builder.manifest.epochs == 5)
        #expect(try parts(cache) == before)
        let missing = builder.missingParts(epochs: 0..<5)
        #expect(missing == builder.manifest.parts(epochs: 2..<5))
        #expect(open.missingParts(epochs: 0..<5) == missing)
        for part in missing { try publish(part, with: builder) }
        let whole = "\(folder.path)/whole"
        try build(whole, try manifest(encoding, epochs: 5))
        #expect(try parts(cache) == parts(whole))
        // Who has had it open since before finds them, too.
        #expect(
            try open.rows(epoch: 4, slots: 0..<20)
                == CacheReader(directory: whole).rows(epoch: 4, slots: 0..<20))
        let found = try CacheReader(directory: cache)
        #expect(try found.verify(workers: 2).responses == 100)
        let info = try found.info()
        #expect((info.partsInAll, info.completeEpochs) == (15, 5))
        #expect(try CacheCompaction(directory: cache).run().compacted == 5)
        #expect(
            try Everything(of: found) == Everything(of: CacheReader(directory: whole)))
    }

    @Test("one of more epochs serves as it is, and only growth leaves a mark") func serves() throws
    {
        let begun = try manifest(epochs: 3)
        try build(cache, begun)
        let bytes = try contents(cache)
        for epochs in [1, 3] {
            let builder = try CacheBuilder(directory: cache, manifest: manifest(epochs: epochs))
            #expect(builder.grownFrom == nil)
            #expect(builder.manifest == begun)
            #expect(builder.missingParts(epochs: 0..<epochs) == [])
        }
        #expect(try contents(cache) == bytes)
        let grown = try CacheBuilder(directory: cache, manifest: manifest(epochs: 4)).manifest
        let text = String(decoding: try grown.json(), as: UTF8.self)
        #expect(text.contains("\"begun_epochs\" : 3,\n"))
        #expect(text.contains("\"epochs\" : 4,\n"))
        // It grows again from what it was when it was begun.
        let again = try CacheBuilder(directory: cache, manifest: manifest(epochs: 9))
        #expect((again.grownFrom, again.manifest.begunEpochs) == (4, 3))
    }

    @Test("whether and from what a prior is learnt is settled when a cache is begun")
    func prior() throws {
        // 40 responses of 10 classes are worth a prior of 200 bytes, 20 are not.
        let (few, many) = (
            try makeManifest(.bounded(maxKL: 0.01), epochs: 1, groupsPerEpoch: 2),
            try makeManifest(.bounded(maxKL: 0.01), epochs: 20, groupsPerEpoch: 2)
        )
        #expect(!few.usesPrior && many.usesPrior)
        let grown = try few.adding(epochs: 20)
        #expect(!grown.usesPrior && grown.calibrationGroups == few.calibrationGroups)
        try build(cache, few)
        try build(cache, many)
        #expect(try CacheFolder(opening: cache).priors.files() == [])
        let reader = try CacheReader(directory: cache)
        #expect(reader.missingParts(epochs: 0..<20) == [])
        #expect(try reader.verify(workers: 1).faults == [])

        let other = "\(folder.path)/other"
        try build(other, many)
        let priors = try CacheFolder(opening: other).priors.files()
        try build(other, try makeManifest(.bounded(maxKL: 0.01), epochs: 30, groupsPerEpoch: 2))
        #expect(try CacheFolder(opening: other).priors.files() == priors && priors.count == 1)
    }

    @Test("of builders that let it grow at once none takes back what another added")
    func racing() async throws {
        try build(cache, try manifest(epochs: 1))
        for round in 0..<10 {
            let (cache, first) = (cache, 8 * round + 2)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for epochs in first..<first + 8 {
                    group.addTask {
                        try await onThread {
                            let builder = try CacheBuilder(
                                directory: cache, manifest: makeManifest(.dense, epochs: epochs))
                            return builder.manifest.epochs - epochs
                        }
                    }
                }
                for try await more in group { #expect(more >= 0) }
            }
            #expect(try CacheReader(directory: cache).manifest.epochs == first + 7)
            #expect(try Folders.names(in: cache) == ["epoch-0000", "manifest.json"])
        }
    }

    @Test("killed at any moment it is of the old length or of the new one") func killed()
        async throws
    {
        try build(cache, try manifest(epochs: 1))
        for moment in 0..<8 {
            let cache = cache
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [cache = cache as String, moment = moment as Int] in
                Thread.detachNewThread {
                    usleep(UInt32(moment) * 700)
                    kill(getpid(), SIGKILL)
                }
                var epochs = 2
                while true {
                    _ = try CacheBuilder(
                        directory: cache, manifest: makeManifest(.dense, epochs: epochs))
                    epochs = epochs % 1000 + 1
                }
            }
            let manifest = try CacheReader(directory: cache).manifest
            #expect((1...1000).contains(manifest.epochs))
            #expect(try CacheReader(directory: cache).rows(epoch: 0, slots: 0..<20).count == 200)
        }
        let builder = try CacheBuilder(directory: cache, manifest: manifest(epochs: 1001))
        #expect(builder.manifest.epochs == 1001)
        #expect(try Folders.names(in: cache) == ["epoch-0000", "manifest.json"])
    }

    @Test("more epochs than a cache can have are refused, and change nothing") func tooMany() throws
    {
        try build(cache, try makeManifest(groupsPerEpoch: 50, groupsPerPart: 1))
        let bytes = try contents(cache)
        let manifest = try CacheReader(directory: cache).manifest
        #expect(
            throws: CacheError(
                "the cache cannot grow: epochs is 1048577; 1 to 1048576 are possible")
        ) { try manifest.adding(epochs: 1 << 20 + 1) }
        #expect(
            throws: CacheError(
                "the cache cannot grow: there would be 52428800 parts; raise groups_per_part")
        ) { try manifest.adding(epochs: 1 << 20) }
        #expect(try contents(cache) == bytes)
    }

    @Test("caches of different lengths merge to the longest") func merged() throws {
        func some(_ name: String, epochs: Int, _ parts: [(Int, Int)]) throws -> String {
            let path = "\(folder.path)/\(name)"
            let builder = try CacheBuilder(directory: path, manifest: manifest(epochs: epochs))
            for (epoch, index) in parts {
                try publish(PartID(epoch: epoch, index: index), with: builder)
            }
            return path
        }
        let short = try some("short", epochs: 1, [(0, 0), (0, 1), (0, 2)])
        let long = try some("long", epochs: 2, [(1, 0), (1, 1), (1, 2)])
        for sources in [[short, long], [long, short]] {
            let into = "\(folder.path)/\(sources[0] == short ? "a" : "b")"
            #expect(try CacheMerge(into: into, sources: sources).run().missing == 0)
            #expect(try CacheReader(directory: into).manifest.epochs == 2)
            try build("\(folder.path)/whole", try manifest(epochs: 2))
            #expect(try parts(into) == parts("\(folder.path)/whole"))
        }
        // One that is there grows by what is brought in.
        #expect(try CacheMerge(into: short, sources: [long]).run().missing == 0)
        #expect(try CacheReader(directory: short).manifest.begunEpochs == 1)
    }

    @Test("a conversion of a cache that has grown goes on") func converted() throws {
        try build(cache, try manifest(epochs: 1))
        let into = "\(folder.path)/into"
        #expect(
            try CacheConversion(from: cache, into: into, encoding: .topK(3)).run().converted == 3)
        try build(cache, try manifest(epochs: 3))
        let summary = try CacheConversion(from: cache, into: into, encoding: .topK(3)).run()
        #expect((summary.converted, summary.skipped, summary.missing) == (6, 3, 0))
        #expect(try CacheReader(directory: into).manifest.epochs == 3)
    }
}
