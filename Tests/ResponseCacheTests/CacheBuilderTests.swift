import Base
import Foundation
import Testing

@testable import ResponseCache

@Suite("CacheBuilder") struct CacheBuilderTests {
    private let folder: TemporaryFolder
    private let cache: String

    init() throws {
        folder = try TemporaryFolder()
        cache = "\(folder.path)/deep/cache"
    }

    @Test("a cache is a manifest and parts, nothing else") func files() throws {
        let builder = try CacheBuilder(directory: cache, manifest: try makeManifest())
        let all = builder.missingParts(epochs: 0..<2)
        #expect(all.count == 6)
        #expect(all == all.sorted())
        try publish(all[4], with: builder)
        #expect(builder.isPublished(all[4]))
        #expect(builder.missingParts(epochs: 0..<2) == all.filter { $0 != all[4] })
        #expect(builder.missingParts(epochs: 1..<2) == [all[3], all[5]])
        #expect(
            try FileManager.default.subpathsOfDirectory(atPath: cache).sorted()
                == ["epoch-0001", "epoch-0001/part-00001.h5", "manifest.json"])
    }

    @Test("the same input gives the same bytes", arguments: [RowEncoding.dense, .topK(3)])
    func deterministic(_ encoding: RowEncoding) throws {
        let manifest = try makeManifest(encoding)
        try build(cache, manifest)
        // A second is what HDF5's object times would be counted in.
        Thread.sleep(forTimeInterval: 1.1)
        let second = "\(folder.path)/again"
        let builder = try CacheBuilder(directory: second, manifest: manifest)
        for part in builder.missingParts(epochs: 0..<2).reversed() {
            try publish(part, with: builder)
        }
        let names = try FileManager.default.subpathsOfDirectory(atPath: cache).sorted()
        #expect(names.filter { $0.hasSuffix(".h5") }.count == 6)
        for name in names where !name.hasPrefix("epoch") || name.hasSuffix("h5") {
            #expect(try bytes("\(cache)/\(name)") == bytes("\(second)/\(name)"), "\(name)")
        }
        let part = PartID(epoch: 0, index: 0)
        let before = try bytes("\(cache)/\(part.path)")
        try publish(part, with: builder)
        #expect(try bytes("\(second)/\(part.path)") == before)
    }

    @Test("a cache is continued, under the version that began it") func continued() throws {
        try build(cache, try makeManifest())
        let newer = try CacheManifest(
            fingerprint: someFingerprint, encoding: .topK(3), classes: 10, epochs: 2,
            groupsPerEpoch: 5, groupSize: 4, groupsPerPart: 2, teacher: "beit-test",
            createdBy: "understudy 99")
        let builder = try CacheBuilder(directory: cache, manifest: newer)
        #expect(builder.manifest.createdBy == "understudy test")
        #expect(builder.missingParts(epochs: 0..<2) == [])
    }

    @Test("a cache of other inputs is refused, field by field") func mismatch() throws {
        try build(cache, try makeManifest())
        let other = Fingerprint(
            fields: [
                .init(name: "views.seed", value: "42"),
                .init(name: "views.randaugment", value: "rand-m9-mstd0.5"),
                .init(name: "teacher.weights", value: "sha256:00ff"),
            ])
        let text = try message {
            _ = try CacheBuilder(
                directory: cache,
                manifest: try makeManifest(
                    .dense, epochs: 3, fingerprint: other, teacher: "vit-test"))
        }
        #expect(
            text == """
                \(cache): the cache was made from other inputs; name another directory, or restore \
                what differs:
                  view.randaugment: rand-m7-mstd0.5 in the cache, rand-m9-mstd0.5 here
                  teacher: beit-test in the cache, vit-test here
                  encoding: topk 3 in the cache, dense here
                """)
    }

    @Test("what is no cache is left alone") func foreignFolder() throws {
        let file = try folder.file("file", [1])
        #expect(
            try message { _ = try CacheBuilder(directory: file, manifest: try makeManifest()) }
                == "\(file): is not a folder, and a response cache is one")
        let full = "\(folder.path)/photos"
        try FileManager.default.createDirectory(
            atPath: full, withIntermediateDirectories: true)
        _ = try folder.file("photos/a.jpg", [1])
        #expect(
            try message { _ = try CacheBuilder(directory: full, manifest: try makeManifest()) }
                == "\(full): is not a response cache (it holds a.jpg and no manifest.json); "
                + "name an empty or a new directory")
        #expect(try FileManager.default.contentsOfDirectory(atPath: full) == ["a.jpg"])
    }

    @Test("a folder that holds only what a killed builder left is taken") func killedAtManifest()
        throws
    {
        try FileManager.default.createDirectory(
            atPath: cache, withIntermediateDirectories: true)
        let stale = "\(cache)/.tmp-manifest.json-1-0000000000000abc"
        try Data("{".utf8).write(to: URL(fileURLWithPath: stale))
        try build(cache, try makeManifest())
        #expect(!FileManager.default.fileExists(atPath: stale))
        // Killed after the manifest had its name and before the temporary one was dropped.
        try FileManager.default.linkItem(atPath: "\(cache)/manifest.json", toPath: stale)
        _ = try CacheBuilder(directory: cache, manifest: try makeManifest())
        #expect(!FileManager.default.fileExists(atPath: stale))
    }

    @Test("a writer whose temporary was taken is content with the racer's file") func taken() throws
    {
        let path = "\(folder.path)/part.h5"
        var file = try AtomicFile(path)
        try file.append([1, 2, 3])
        for name in try Folders.names(in: folder.path) { unlink("\(folder.path)/\(name)") }
        var text: String?
        do { try CacheFiles.publish(&file) } catch { text = error.description }
        #expect(text == "\(path): cannot rename the temporary file: No such file or directory")
        _ = try folder.file("part.h5", [1, 2, 3])
        try CacheFiles.publish(&file)
        #expect(try bytes(path) == [1, 2, 3])
    }

    @Test("temporaries of dead writers go when their part is built, those of the living stay")
    func staleTemporaries() throws {
        let builder = try CacheBuilder(directory: cache, manifest: try makeManifest())
        let epoch = "\(cache)/epoch-0000"
        try FileManager.default.createDirectory(
            atPath: epoch, withIntermediateDirectories: true)
        let stale = "\(epoch)/.tmp-part-00000.h5-1-0000000000000abc"
        let otherPart = "\(epoch)/.tmp-part-00001.h5-1-0000000000000abc"
        for path in [stale, otherPart] {
            try Data("half a part".utf8).write(to: URL(fileURLWithPath: path))
        }
        var living = try AtomicFile("\(epoch)/part-00000.h5")
        try living.append([1, 2, 3])
        let names = { try FileManager.default.contentsOfDirectory(atPath: epoch) }
        let before = try names()
        try publish(PartID(epoch: 0, index: 0), with: builder)
        let expected = before.filter { !stale.hasSuffix($0) } + ["part-00000.h5"]
        #expect(try names().sorted() == expected.sorted())
        // The living one publishes as if nothing had happened.
        try living.publish()
        #expect(try bytes("\(epoch)/part-00000.h5") == [1, 2, 3])
    }

    @Test("opening a cache to write removes what dead writers left, and nothing else")
    func leftovers() throws {
        let manifest = try makeManifest()
        _ = try CacheBuilder(directory: cache, manifest: manifest)
        let epoch = "\(cache)/epoch-0000"
        try FileManager.default.createDirectory(
            atPath: epoch, withIntermediateDirectories: true)
        let left = [
            "\(cache)/.tmp-prior-0123456789abcdef.h5-12-00000000000000ab",
            "\(cache)/.tmp-epoch-0001.h5-1-000000000000000c",
            "\(cache)/.tmp-rows-77-0000000000000000",
            "\(epoch)/.tmp-part-00001.h5-1-0000000000000abc",
        ]
        let kept = [
            "\(cache)/.tmp-notes", "\(cache)/notes.tmp",
            "\(epoch)/.tmp-part-00001.h5-one-0000000000000abc",
            "\(epoch)/.tmp-a-1-xyz",
        ]
        for path in left + kept { try write([1], to: path) }
        // A link of such a name is somebody's.
        let link = "\(epoch)/.tmp-part-00002.h5-1-0000000000000abc"
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: "\(cache)/.tmp-notes")
        _ = try CacheReader(directory: cache)
        #expect(left.allSatisfy { kind($0) == .file })
        _ = try CacheBuilder(directory: cache, manifest: manifest)
        #expect(left.allSatisfy { kind($0) == nil })
        #expect((kept + [link]).allSatisfy { kind($0) == .file })
    }

    @Test("a bad row is an error with its slot, and leaves nothing") func badRow() throws {
        let builder = try CacheBuilder(directory: cache, manifest: try makeManifest())
        let part = PartID(epoch: 1, index: 2)
        var (rows, checksums) = content(of: part, builder.manifest)
        rows[2 * 10 + 7] = .nan
        let text = try message {
            try publish(part, with: builder, rows: rows, checksums: checksums)
        }
        #expect(
            text == "the teacher's response for epoch 1, slot 18: the probability of class 7 is nan"
        )
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache) == ["manifest.json"])
    }

    @Test("builders that race build one cache") func racing() async throws {
        let manifest = try makeManifest(.dense, classes: 300, epochs: 3)
        let reference = "\(folder.path)/reference"
        try build(reference, manifest)
        let cache = cache
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let builder = try CacheBuilder(directory: cache, manifest: manifest)
                    for part in manifest.parts(epochs: 0..<3) { try publish(part, with: builder) }
                }
            }
            try await group.waitForAll()
        }
        let names = try FileManager.default.subpathsOfDirectory(atPath: reference).sorted()
        #expect(try FileManager.default.subpathsOfDirectory(atPath: cache).sorted() == names)
        for name in names where name.hasSuffix(".h5") || name.hasSuffix(".json") {
            #expect(try bytes("\(cache)/\(name)") == bytes("\(reference)/\(name)"), "\(name)")
        }
    }

    @Test("a full disk is an error with path and bytes") func fullDisk() {
        #expect(
            CacheFiles.unwritten("cache/part.h5", 4096, ENOSPC)
                == CacheError(
                    "cache/part.h5: cannot write 4096 bytes: No space left on device; make room and "
                        + "run again, finished parts are kept", cause: .system(ENOSPC)))
    }

    @Test("a part that does not fit is an error, and its temporary goes") func tooLarge() async {
        // In a process of its own, since the limit is the process's.
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let builder = try CacheBuilder(
                directory: folder.path, manifest: try makeManifest(.dense, classes: 5000))
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 50_000, rlim_max: 50_000)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let text = try message { try publish(PartID(epoch: 0, index: 1), with: builder) }
            let path = "\(folder.path)/epoch-0000"
            #expect(text?.hasPrefix("\(path)/part-00001.h5: cannot write ") == true)
            #expect(
                text?.hasSuffix(
                    "bytes: File too large; raise the limit of a file's size (ulimit -f) and run "
                        + "again, finished parts are kept")
                    == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
        }
    }

    @Test("a builder killed at any moment leaves a cache that is completed to the same bytes")
    func killed() async throws {
        let manifest = try makeManifest(.dense, classes: 3000, groupsPerPart: 1)
        let reference = "\(folder.path)/reference"
        try build(reference, manifest)
        let cache = cache
        let names = try FileManager.default.subpathsOfDirectory(atPath: reference).sorted()
        for moment in 0..<8 {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [cache = cache as String, moment = moment as Int] in
                Thread.detachNewThread {
                    // From before the manifest to about the last part.
                    usleep(UInt32(moment) * UInt32(moment) * 600)
                    kill(getpid(), SIGKILL)
                }
                let manifest = try makeManifest(.dense, classes: 3000, groupsPerPart: 1)
                while true {
                    let builder = try CacheBuilder(directory: cache, manifest: manifest)
                    for part in manifest.parts(epochs: 0..<2) { try publish(part, with: builder) }
                }
            }
            // What is published is whole.
            guard FileManager.default.fileExists(atPath: "\(cache)/manifest.json") else { continue }
            let reader = try CacheReader(directory: cache)
            for (epoch, parts) in reader.coverage() {
                for part in parts {
                    _ = try reader.rows(epoch: epoch, slots: part * 4..<part * 4 + 4)
                }
            }
        }
        let builder = try CacheBuilder(directory: cache, manifest: manifest)
        for part in manifest.parts(epochs: 0..<2) { try publish(part, with: builder) }
        #expect(try FileManager.default.subpathsOfDirectory(atPath: cache).sorted() == names)
        for name in names where name.hasSuffix(".h5") || name.hasSuffix(".json") {
            #expect(try bytes("\(cache)/\(name)") == bytes("\(reference)/\(name)"), "\(name)")
        }
    }
}
