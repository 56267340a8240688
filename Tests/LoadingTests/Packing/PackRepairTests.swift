import Foundation
import Recipes
import Testing

@testable import Loading

@Suite("Packs that were stopped or damaged") struct PackRepairTests: PackFixture {
    @Test("a pack goes on after the whole shards that are there, to the same bytes")
    func resuming() throws {
        struct Stop: Error {}
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 8)
        let folder = try ImageDataset("\(scratch.path)/data")
        let (whole, part) = ("\(scratch.path)/whole", "\(scratch.path)/part")
        for side in [nil, 25] as [Int?] {
            for out in [whole, part] { try? FileManager.default.removeItem(atPath: out) }
            _ = try pack(folder, whole) { $0.maxShortSide = side }
            var options = DatasetPacker.Options()
            options.samplesPerShard = 5
            options.maxShortSide = side
            let packer = try DatasetPacker(folder, to: part, options: options)
            #expect(throws: Stop.self) { try packer.run { if $0 > 11 { throw Stop() } } }
            #expect(
                try files(part).keys.sorted() == [
                    "classes.txt", "pack.json", "shard-000000.tar", "shard-000001.tar",
                    "shards.sha256",
                ])
            #expect(
                datasetError(scratch, "part")
                    == "…/part: packing it is not finished")
            // What a kill may leave.
            try scratch.write("part/shard-000002.tar.tmp", [1, 2, 3])
            try scratch.write("part/pack.json.77.tmp", [1])
            let summary = try pack(folder, part) { $0.maxShortSide = side }
            #expect(summary.written == 2)
            #expect(try files(part) == files(whole))
            #expect(try pack(folder, part) { $0.maxShortSide = side }.written == 0)
        }
    }

    /// A pack that was stopped after two of its four shards, and the whole one.
    private func unfinished(in scratch: Scratch) throws -> (dataset: ImageDataset, whole: String) {
        struct Stop: Error {}
        try scratch.writeImages("data", classes: 2, perClass: 8)
        let dataset = try ImageDataset("\(scratch.path)/data")
        _ = try pack(dataset, "\(scratch.path)/whole")
        var options = DatasetPacker.Options()
        options.samplesPerShard = 5
        let packer = try DatasetPacker(dataset, to: "\(scratch.path)/part", options: options)
        #expect(throws: Stop.self) { try packer.run { if $0 > 11 { throw Stop() } } }
        return (dataset, "\(scratch.path)/whole")
    }

    @Test("a shard that was damaged since it was written is written again, to the same bytes")
    func damagedShards() throws {
        let scratch = try Scratch()
        let (dataset, whole) = try unfinished(in: scratch)
        let expected = try files(whole)
        let begun = try files("\(scratch.path)/part")
        let path = "\(scratch.path)/part/shard-000001.tar"
        let good = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        // Headers, pictures, labels, padding and the end: any byte, one bit of it; and a cut.
        for place in Array(stride(from: 0, to: good.count, by: 1597)) + [good.count] {
            var bytes = good
            if place < good.count { bytes[place] ^= 1 << UInt8(place % 8) } else { bytes = [] }
            for folder in ["part", "whole"] {
                try scratch.write("\(folder)/shard-000001.tar", bytes)
                var notices: [String] = []
                let summary = try pack(dataset, "\(scratch.path)/\(folder)", notices: &notices)
                #expect(summary.written == (folder == "part" ? 3 : 1))
                #expect(
                    notices == [
                        "\(scratch.path)/\(folder)/shard-000001.tar: is damaged: its SHA-256 is not "
                            + "the one noted when it was written; it is written again"
                    ])
                #expect(try files("\(scratch.path)/\(folder)") == expected)
            }
            for name in expected.keys where begun[name] == nil {
                unlink("\(scratch.path)/part/\(name)")
            }
            for (name, data) in begun { try scratch.write("part/\(name)", Array(data)) }
        }
    }

    @Test("what is gone from a whole pack comes back") func goneShards() throws {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 8)
        let dataset = try ImageDataset("\(scratch.path)/data")
        let out = "\(scratch.path)/out"
        _ = try pack(dataset, out) { $0.maxShortSide = 25 }
        let expected = try files(out)
        unlink("\(out)/shard-000003.tar")
        try scratch.write("out/classes.txt", Array("a\nb\n".utf8))
        let damaged = #expect(throws: DatasetError.self) {
            try scratch.write(
                "out/shard-000003.tar", Array(try #require(expected["shard-000003.tar"])))
            defer { unlink("\(out)/shard-000003.tar") }
            _ = try PackVerification(of: out) { _, _ in }
        }
        #expect(
            damaged?.description
                == "\(out)/classes.txt: is not what was written; restore it")
        var notices: [String] = []
        let summary = try pack(dataset, out, notices: &notices) { $0.maxShortSide = 25 }
        #expect(summary.written == 1 && summary.resized == 1)
        #expect(
            notices == [
                "\(out)/classes.txt: is not what was written; it is written again",
                "\(out)/shard-000003.tar: is gone; it is written again",
            ])
        #expect(try files(out) == expected)
        #expect(try pack(dataset, out) { $0.maxShortSide = 25 }.written == 0)
    }

    @Test("a damaged shard of images that are others by now is left, and that is said")
    func changedSource() throws {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 8)
        let dataset = try ImageDataset("\(scratch.path)/data")
        let out = "\(scratch.path)/out"
        _ = try pack(dataset, out)
        var image = try [UInt8](
            Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/data/class0/5.jpg")))
        image[image.count - 3] ^= 1
        try scratch.write("data/class0/5.jpg", image)
        // Of a shard that is whole nobody asks.
        #expect(try pack(dataset, out).written == 0)
        let path = "\(out)/shard-000001.tar"
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[700] ^= 1
        try scratch.write("out/shard-000001.tar", bytes)
        let before = try files(out)
        let error = #expect(throws: DatasetError.self) { try pack(dataset, out) }
        #expect(
            error?.description
                == "\(path): cannot be written again: the images of \(scratch.path)/data are no longer "
                + "those that were packed; restore the shard")
        #expect(try files(out) == before)
    }

    @Test(
        "a shard that no journal vouches for is compared with what it should be",
        arguments: ["", "torn", "0123  shard-000000.tar\n"])
    func withoutJournal(text: String) throws {
        let scratch = try Scratch()
        let (dataset, whole) = try unfinished(in: scratch)
        let journal = "\(scratch.path)/part/shards.sha256"
        if text == "torn" {
            let whole = try Data(contentsOf: URL(fileURLWithPath: journal))
            try whole.dropLast(30).write(to: URL(fileURLWithPath: journal))
        } else {
            try scratch.write("part/shards.sha256", Array(text.utf8))
        }
        let path = "\(scratch.path)/part/shard-000001.tar"
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[bytes.count - 2000] ^= 4
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        try scratch.write("part/shard-000001.tar", bytes)
        let error = #expect(throws: DatasetError.self) {
            try pack(dataset, "\(scratch.path)/part")
        }
        #expect(
            error?.description
                == "\(path): is not the shard that this pack has here; remove it")
        try good.write(to: URL(fileURLWithPath: path))
        #expect(try pack(dataset, "\(scratch.path)/part").written == 2)
        #expect(try files("\(scratch.path)/part") == files(whole))
    }

    @Test("a bit that is flipped in a pack is found when its image is read") func damagedImages()
        throws
    {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 3)
        _ = try pack(ImageDataset("\(scratch.path)/data"), "\(scratch.path)/out")
        let index = try #require(try ShardIndex(contentsOf: "\(scratch.path)/out/index.tsv"))
        #expect(index.checksums.count == 6)
        let path = "\(scratch.path)/out/shard-000000.tar"
        let good = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        for (number, (sample, place)) in zip(index.samples, index.places).enumerated()
        where place.shard == 0 {
            for offset in [0, sample.bytes / 2, sample.bytes - 1] {
                var bytes = good
                bytes[place.offset + offset] ^= 0x10
                try scratch.write("out/shard-000000.tar", bytes)
                let dataset = try ImageDataset("\(scratch.path)/out")
                #expect(
                    readingError(scratch, dataset, number)
                        == "…/out/shard-000000.tar: \(sample.path): damaged: its bytes are not those "
                        + "that were packed (CRC-32C); restore the shard, or pack anew")
                // The others are what they were.
                #expect(readingError(scratch, dataset, (number + 1) % 5) == nil)
            }
        }
    }

    @Test("a damaged image of a pack is never replaced by another") func notSubstituted() throws {
        let scratch = try Scratch()
        try scratch.writeImages("train", classes: 3, perClass: 8)
        try scratch.writeImages("val", classes: 3, perClass: 1)
        _ = try pack(ImageDataset("\(scratch.path)/train"), "\(scratch.path)/packed")
        let path = "\(scratch.path)/packed/shard-000002.tar"
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[700] ^= 1
        try scratch.write("packed/shard-000002.tar", bytes)
        let yaml = TestRecipe.yaml.replacingOccurrences(
            of: "train: train", with: "train: packed")
        let recipe = try Recipe(
            contentsOf: scratch.write("recipe.yaml", Array(yaml.utf8)),
            overrides: ["data.on_error=substitute"])
        let loader = try ViewLoader(recipe: recipe, options: LoadingOptions(workers: 2))
        let groups = (0..<loader.plan.groupsPerEpoch).map { (epoch: 0, group: $0) }
        let pipeline = loader.prefetch(groups, sizes: [32])
        let error = #expect(throws: DatasetError.self) { while try pipeline.next() != nil {} }
        #expect(error?.description.contains("damaged: its bytes are not those") == true)
    }

    @Test("a whole pack is compared with its index, and an older one gets checksums")
    func verification() throws {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 8)
        let out = "\(scratch.path)/out"
        let summary = try pack(ImageDataset("\(scratch.path)/data"), out)
        let path = "\(out)/index.tsv"
        let index = try #require(try ShardIndex(contentsOf: path))
        var reports: [[Int]] = []
        let found = try PackVerification(of: out) { reports.append([$0, $1]) }
        #expect(
            (found.shards, found.images, found.bytes, found.isIndexRenewed)
                == (4, 16, summary.bytes, false))
        #expect(reports == [[1, 4], [2, 4], [3, 4], [4, 4]])
        // The only checksums of a pack are not to be deleted, nor taken for another program's file.
        let whole = index.text()
        for damaged in [[0xFF] + whole, Array(whole.dropLast(20)), Array(whole.prefix(9))] {
            try scratch.write("out/index.tsv", damaged)
            let error = #expect(throws: DatasetError.self) { try ShardIndex(contentsOf: path) }
            #expect(error?.description.contains("restore it, or pack anew into another") == true)
        }
        try scratch.write("out/index.tsv", whole)
        // As version 1 wrote it: no checksums and no last line.
        var older = index
        older.checksums = []
        let lines = String(decoding: older.text(), as: UTF8.self).components(separatedBy: "\n")
        let text = lines.dropLast(2).joined(separator: "\n") + "\n"
        let first = text.replacingOccurrences(
            of: "understudy-index\t2", with: "understudy-index\t1"
        )
        .replacingOccurrences(of: "\t-\t", with: "\t")
        try scratch.write("out/index.tsv", Array(first.utf8))
        #expect(try ShardIndex(contentsOf: path) == older)
        #expect(try PackVerification(of: out) { _, _ in }.isIndexRenewed)
        #expect(try ShardIndex(contentsOf: path) == index)
        // A label is no part of an image.
        for name in ["shard-000001.tar", "shard-000003.tar"] {
            var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(out)/\(name)")))
            bytes[bytes.count - 1024 - 512] ^= 1
            try scratch.write("out/\(name)", bytes)
        }
        let error = #expect(throws: DatasetError.self) {
            try PackVerification(of: out) { _, _ in }
        }
        #expect(
            error?.description == "\(out): 2 of 4 shards are damaged: shard-000001.tar, "
                + "shard-000003.tar; restore them")
        #expect(throws: DatasetError.self) {
            try PackVerification(of: "\(scratch.path)/data") { _, _ in }
        }
    }

    @Test("only temporaries of a pack's own are removed") func temporaries() throws {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 3)
        let dataset = try ImageDataset("\(scratch.path)/data")
        for name in [
            "notes.tmp", "a.tar.tmp", "shard-x.tar.tmp", "shard-1.tar.gz.tmp", "index.tsv.tmp",
            "index.tsv.x.tmp", "my.index.tsv.1.tmp",
        ] {
            #expect(!DatasetPacker.isTemporary(name), "\(name)")
            try scratch.write("mine/\(name)", [7])
            let error = #expect(throws: DatasetError.self) {
                try pack(dataset, "\(scratch.path)/mine")
            }
            #expect(error?.description.contains("holds something else (\(name))") == true)
            #expect(try files("\(scratch.path)/mine") == [name: Data([7])])
            unlink("\(scratch.path)/mine/\(name)")
        }
        for name in ["shard-000003.tar.tmp", "pack.json.77.tmp", "classes.txt.1.tmp"] {
            #expect(DatasetPacker.isTemporary(name), "\(name)")
            // Where no pack was begun it is somebody else's.
            try scratch.write("none/\(name)", [7])
            #expect(throws: DatasetError.self) { try pack(dataset, "\(scratch.path)/none") }
            #expect(try files("\(scratch.path)/none")[name] == Data([7]))
            unlink("\(scratch.path)/none/\(name)")
        }
    }

    @Test("a pack changed since it was indexed is refused, not indexed anew") func changed() throws
    {
        let scratch = try Scratch()
        try scratch.writeImages("data", classes: 2, perClass: 4)
        _ = try pack(ImageDataset("\(scratch.path)/data"), "\(scratch.path)/out")
        let shard = "\(scratch.path)/out/shard-000001.tar"
        let size = try Data(contentsOf: URL(fileURLWithPath: shard)).count
        #expect(truncate(shard, off_t(size + 512)) == 0)
        #expect(
            datasetError(scratch, "out")
                == "…/out/shard-000001.tar: \(size + 512) bytes, not \(size): changed since it was "
                + "indexed; restore it, pack anew, or delete index.tsv and pack.json to take it as it "
                + "is")
        unlink(shard)
        #expect(
            datasetError(scratch, "out")?.hasPrefix(
                "…/out/shard-000001.tar: is not there: changed since it was indexed; ") == true)
    }
}
