import Base
import Foundation
import Testing

@testable import ResponseCache

@Suite("Compacting a cache") struct CacheCompactionTests {
    private let folder: TemporaryFolder
    private let cache: String

    init() throws {
        folder = try TemporaryFolder()
        cache = "\(folder.path)/cache"
    }

    private func copy(_ name: String) throws -> String {
        try FileManager.default.copyItem(atPath: cache, toPath: "\(folder.path)/\(name)")
        return "\(folder.path)/\(name)"
    }

    // HDF5 keeps up to eight groups in the root's header, and more in a heap.
    @Test(
        "rows, checksums and statistics stay the same", arguments: someEncodings, [1, 5])
    func same(_ encoding: RowEncoding, groupsPerPart: Int) throws {
        let manifest = try makeManifest(encoding, groupsPerEpoch: 12, groupsPerPart: groupsPerPart)
        let builder = try build(cache, manifest)
        let all = manifest.parts(epochs: 0..<2)
        let reader = try CacheReader(directory: cache)
        let expected = try Everything(of: reader)
        #expect(try reader.info().epochFiles == 0)
        let parts = try all.map {
            try PartFile(manifest: manifest, part: $0).decode(path: "\(cache)/\($0.path)")
        }

        var told: [Int] = []
        let summary = try CacheCompaction(directory: cache).run { done, total in
            #expect(total == all.count)
            told.append(done)
        }
        let files = try contents(cache)
        let priors = try CacheFolder(opening: cache).priors.files()
        #expect(priors.count == (manifest.usesPrior ? 1 : 0))
        #expect(
            files.keys.sorted() == ["epoch-0000.h5", "epoch-0001.h5", "manifest.json"] + priors)
        #expect(kind("\(cache)/epoch-0000") == nil)
        let sizes = ["epoch-0000.h5", "epoch-0001.h5"].compactMap { files[$0]?.count }
        var made = CacheCompaction.Summary()
        (made.compacted, made.removed) = (2, all.count)
        made.bytes = sizes.reduce(0, +)
        #expect(summary == made)
        #expect(told == told.sorted())
        #expect(told.last == all.count)

        // One reader was open, with a part in memory; the other comes anew.
        #expect(try Everything(of: reader) == expected)
        let other = try CacheReader(directory: cache)
        #expect(try Everything(of: other) == expected)
        for (part, content) in zip(all, parts) {
            let place = PartPlace.group(part.group, file: "\(cache)/\(part.epochFile)")
            #expect(try PartFile(manifest: manifest, part: part).decode(at: place) == content)
        }
        #expect(reader.coverage().values.allSatisfy { $0.count == manifest.partsPerEpoch })
        #expect(builder.missingParts(epochs: 0..<2) == [])
        #expect(all.allSatisfy(builder.isPublished))
        let found = try other.verify(workers: 2)
        #expect(found.parts == all.count)
        #expect(found.responses == 96)
        #expect(found.faults.isEmpty)
        let info = try other.info()
        #expect(info.epochFiles == 2)
        #expect(info.completeEpochs == 2)
        #expect(info.parts == all.count)
        #expect(info.bytes == made.bytes)
        for epoch in 0..<2 {
            let shares = manifest.parts(epochs: epoch..<epoch + 1).compactMap(other.bytes)
            #expect(shares.count == manifest.partsPerEpoch)
            #expect(shares.reduce(0, +) == sizes[epoch])
            #expect(shares.allSatisfy { $0 > 0 })
        }

        let again = try CacheCompaction(directory: cache).run()
        (made.compacted, made.present, made.removed) = (0, 2, 0)
        #expect(again == made)
        #expect(try contents(cache) == files)
    }

    @Test("two runs give the same bytes", arguments: someEncodings)
    func deterministic(_ encoding: RowEncoding) throws {
        let manifest = try makeManifest(encoding, groupsPerEpoch: 12, groupsPerPart: 1)
        try build(cache, manifest)
        let other = try copy("other")
        _ = try CacheCompaction(directory: cache).run()
        // A second is what HDF5's object times would be counted in.
        Thread.sleep(forTimeInterval: 1.1)
        _ = try CacheCompaction(directory: other).run(epochs: 1..<2)
        _ = try CacheCompaction(directory: other).run()
        #expect(try contents(other) == contents(cache))
    }

    @Test("an epoch that lacks parts is left and named") func incomplete() throws {
        let manifest = try makeManifest(epochs: 3)
        let builder = try build(cache, manifest)
        for (epoch, index) in [(0, 1), (2, 0), (2, 2)] {
            unlink("\(cache)/\(PartID(epoch: epoch, index: index).path)")
        }
        let before = try contents(cache)
        let summary = try CacheCompaction(directory: cache).run()
        #expect(summary.compacted == 1)
        #expect(summary.incomplete.map(\.epoch) == [0, 2])
        #expect(summary.incomplete.map(\.missing) == [1, 2])
        let after = try contents(cache)
        #expect(
            after.filter { $0.key != "epoch-0001.h5" }
                == before.filter { !$0.key.hasPrefix("epoch-0001/") })
        let reader = try CacheReader(directory: cache)
        #expect(reader.coverage() == [0: [0, 2], 1: [0, 1, 2], 2: [1]])
        #expect(try reader.info().completeEpochs == 1)
        for part in builder.missingParts(epochs: 0..<1) { try publish(part, with: builder) }
        #expect(try CacheCompaction(directory: cache).run(epochs: 0..<2).compacted == 1)
        #expect(
            try message { _ = try CacheCompaction(directory: cache).run(epochs: 1..<4) }
                == "\(cache): epochs 1..<4 end beyond the 3 of the cache")
    }

    @Test("it goes on from every state in which it may have been killed") func goesOn() throws {
        try build(cache, try makeManifest())
        let whole = try copy("whole")
        _ = try CacheCompaction(directory: whole).run()
        let expected = try contents(whole)
        let file = try #require(expected["epoch-0000.h5"])

        // Half a file; the name given and the temporary still there; some parts removed; all of
        // them, and not the folder.
        try write(Array(file.prefix(100)), to: "\(cache)/.tmp-epoch-0000.h5-1-0000000000000abc")
        try write([1], to: "\(cache)/epoch-0000/.tmp-part-00001.h5-1-0000000000000abc")
        for state in 0..<4 {
            let copy = try copy("state-\(state)")
            if state > 0 { try write(file, to: "\(copy)/epoch-0000.h5") }
            if state > 1 { unlink("\(copy)/epoch-0000/part-00000.h5") }
            if state > 2 {
                unlink("\(copy)/epoch-0000/part-00001.h5")
                unlink("\(copy)/epoch-0000/part-00002.h5")
            }
            let reader = try CacheReader(directory: copy)
            #expect(reader.missingParts(epochs: 0..<2) == [])
            #expect(try reader.info().bytes > 0)
            let summary = try CacheCompaction(directory: copy).run()
            #expect(summary.present == (state > 0 ? 1 : 0))
            #expect(summary.removed == [6, 6, 5, 3][state])
            #expect(try contents(copy) == expected)
            #expect(kind("\(copy)/epoch-0000") == nil)
        }
    }

    @Test("what progress throws ends it with every response still there") func stopped() throws {
        let manifest = try makeManifest()
        try build(cache, manifest)
        let expected = try Everything(of: try CacheReader(directory: cache))
        // Each call in turn: before an epoch, within it, after it.
        var calls = 0
        var stops = true
        while stops {
            calls += 1
            let copy = try copy("copy-\(calls)")
            var call = 0
            stops = false
            do {
                _ = try CacheCompaction(directory: copy).run { _, _ in
                    call += 1
                    if call == calls { throw CancellationError() }
                }
            } catch is CancellationError {
                stops = true
            }
            #expect(try Everything(of: try CacheReader(directory: copy)) == expected)
            #expect(try CacheCompaction(directory: copy).run().faults.isEmpty)
            #expect(try Everything(of: try CacheReader(directory: copy)) == expected)
            #expect(
                try contents(copy).keys.sorted()
                    == ["epoch-0000.h5", "epoch-0001.h5", "manifest.json"])
        }
        // Before and after each of six parts, and after each of two epochs.
        #expect(calls == 15)
    }

    @Test("what else lies in an epoch's folder stays") func foreign() throws {
        try build(cache, try makeManifest())
        try write([1, 2], to: "\(cache)/epoch-0001/notes.txt")
        _ = try CacheCompaction(directory: cache).run()
        #expect(
            try contents(cache).keys.sorted()
                == ["epoch-0000.h5", "epoch-0001.h5", "epoch-0001/notes.txt", "manifest.json"])
        #expect(try bytes("\(cache)/epoch-0001/notes.txt") == [1, 2])
    }

    @Test("an epoch larger than the memory is refused") func memory() throws {
        try build(cache, try makeManifest())
        let before = try contents(cache)
        let needed = before.filter { $0.key.hasPrefix("epoch-0000/") }
            .reduce(0) { $0 + $1.value.count }
        #expect(
            try message {
                _ = try CacheCompaction(directory: cache, memory: needed - 1).run()
            }
                == "\(cache)/epoch-0000.h5: compacting takes the epoch's \(needed) bytes of "
                + "memory, and this machine has \(needed - 1); do it on a larger one, or leave the "
                + "parts as they are")
        #expect(try contents(cache) == before)
        #expect(
            try CacheCompaction(directory: cache, memory: needed).run(epochs: 0..<1).compacted == 1)
    }

    @Test("a part that moves between the look and the reading is read") func moved() throws {
        let manifest = try makeManifest()
        try build(cache, manifest)
        let part = PartID(epoch: 1, index: 1)
        let file = PartFile(manifest: manifest, part: part)
        let expected = try file.decode(path: "\(cache)/\(part.path)")
        let compaction = try CacheCompaction(directory: cache)
        var places: [String] = []
        let read = try CacheFolder(opening: cache).read(part) { place throws(CacheError) in
            places.append(place.description)
            if places.count == 1 {
                do {
                    #expect(try compaction.run().compacted == 2)
                } catch {
                    throw CacheError("\(error)")
                }
            }
            return try file.decode(at: place)
        }
        #expect(read == expected)
        #expect(places == ["\(cache)/\(part.path)", "\(cache)/epoch-0001.h5, part-00001"])
    }

    @Test("compactions, readers and builders may work at once") func atOnce() async throws {
        let manifest = try makeManifest(.dense, groupsPerEpoch: 40, groupsPerPart: 1)
        let parts = manifest.parts(epochs: 0..<2)
        let reference = "\(folder.path)/reference"
        try build(reference, manifest)
        let rows = try Everything(of: try CacheReader(directory: reference)).rows
        _ = try CacheCompaction(directory: reference).run()
        let files = try contents(reference)
        for round in 0..<4 {
            let cache = "\(folder.path)/cache-\(round)"
            try build(cache, manifest)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        let summary = try await onThread {
                            try CacheCompaction(directory: cache).run()
                        }
                        #expect(summary.compacted + summary.present == 2)
                        #expect(summary.faults == [])
                    }
                    group.addTask {
                        for time in 0..<20 {
                            let (read, parts, faults) = try await onThread {
                                let reader = try CacheReader(directory: cache)
                                return (
                                    try reader.rows(epoch: time % 2, slots: 0..<160),
                                    try reader.info().parts,
                                    try reader.verify(workers: 1).faults
                                )
                            }
                            #expect(read == rows[time % 2])
                            #expect(parts == 80)
                            #expect(faults == [])
                        }
                    }
                }
                // Such a builder saw a part missing long ago and is done with it only now.
                group.addTask {
                    try await onThread {
                        let builder = try CacheBuilder(directory: cache, manifest: manifest)
                        for part in parts { try publish(part, with: builder) }
                    }
                }
                try await group.waitForAll()
            }
            _ = try CacheCompaction(directory: cache).run()
            #expect(try contents(cache) == files)
        }
    }

    @Test("a file is published in a folder that a compaction has removed") func removedFolder()
        throws
    {
        let gone = "\(folder.path)/epoch-0000"
        try CacheFiles.publish([1, 2, 3], at: "\(gone)/part-00000.h5")
        #expect(try bytes("\(gone)/part-00000.h5") == [1, 2, 3])
        try Folders.synchronize("\(folder.path)/epoch-0001")
    }
}
