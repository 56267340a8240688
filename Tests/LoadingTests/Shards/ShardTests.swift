import Base
import Foundation
import Testing

@testable import Loading

@Suite("Tar shards") struct ShardTests {
    /// Two shards of two samples each, named so that order matters.
    private func make() throws -> Scratch {
        let scratch = try Scratch()
        try write(scratch, "data/s-1.tar", keys: ["a/x", "b/y"])
        try write(scratch, "data/s-0.tar", keys: ["b/w", "a/z"])
        return scratch
    }

    private func write(_ scratch: Scratch, _ name: String, keys: [String]) throws {
        var tar = TestTar()
        for key in keys {
            tar.add(key, image: Array(key.utf8), label: key.hasPrefix("a") ? 0 : 1)
        }
        try scratch.write(name, tar.ended)
    }

    @Test("samples follow the order of shards and members, any of them is one read away")
    func order() throws {
        let scratch = try make()
        let dataset = try ImageDataset("\(scratch.path)/data")
        #expect(dataset.samples.map(\.path) == ["b/w.jpg", "a/z.jpg", "a/x.jpg", "b/y.jpg"])
        #expect(dataset.samples.map(\.label) == [1, 0, 0, 1])
        #expect(dataset.classes == ["0", "1"])
        #expect(dataset.contentDigest == nil)
        #expect(dataset.location(of: 2) == "\(scratch.path)/data/s-1.tar: a/x.jpg")
        let buffer = FileBuffer()
        for index in [3, 0, 2, 1] {
            let text = try dataset.reading(index, into: buffer) {
                String(decoding: $0, as: UTF8.self)
            }
            #expect("\(text).jpg" == dataset.samples[index].path)
        }
        let one = try ImageDataset("\(scratch.path)/data/s-1.tar")
        #expect(one.samples.map(\.path) == ["a/x.jpg", "b/y.jpg"])
        #expect(
            datasetError(scratch, "data", classes: 3)?.hasPrefix("…/data: 2 classes, the ") == true)
        try scratch.write("data/classes.txt", Array("ant\nbee\ncow\n".utf8))
        #expect(try ImageDataset("\(scratch.path)/data").classes == ["ant", "bee", "cow"])
        try scratch.write("data/classes.txt", Array("ant\n".utf8))
        #expect(
            datasetError(scratch, "data")
                == "…/data/s-0.tar: b/w.jpg: label 1 is beyond the 1 classes of …/data/classes.txt; "
                + "labels start at 0")
    }

    @Test(
        "a sample without image or label names shard and key",
        arguments: [
            (["a.cls"], "no image (.jpg, .jpeg or .png): its members are cls"),
            (["a.jpg"], "no label (.cls): its members are jpg"),
            (["a.txt", "a.json"], "no image (.jpg, .jpeg or .png): its members are txt, json"),
            (["a.jpg", "a.json"], "no label (.cls): its members are jpg, json"),
            (
                ["a.webp", "a.cls"],
                "no image (.jpg, .jpeg or .png): its members are webp, cls; convert the image to .jpg"
            ),
            (
                ["a.jpg", "a.png", "a.cls"],
                "two images, .jpg and .png; give each a key and a label of its own"
            ),
            (
                ["a.jpg", "a.cls", "a.cls"],
                "two labels (.cls); give each image and its label a key of their own"
            ),
            (
                ["a.v2.000.JPG"],
                "no image (.jpg, .jpeg or .png): its members are v2.000.jpg: a key ends at the first "
                    + "dot"
            ),
            (
                ["a.left.jpg", "a.right.jpg", "a.cls"],
                "no image (.jpg, .jpeg or .png): its members are left.jpg, right.jpg, cls: a key ends "
                    + "at the first dot"
            ),
            (
                ["a.1.jpg", "a.1.cls", "a.2.jpg", "a.2.cls"],
                "no image (.jpg, .jpeg or .png): its members are 1.jpg, 1.cls, 2.jpg, …: a key ends at "
                    + "the first dot"
            ),
            (
                ["a.jpg", "a.label.cls"],
                "no label (.cls): its members are jpg, label.cls: a key ends at the first dot"
            ),
            (
                ["a.jpg", "b.jpg", "a.cls", "b.cls"],
                "no label (.cls): a.cls comes later: sort the members by name"
            ),
            (
                ["a.cls", "x/a.jpg", "b.cls", "a.jpg", "b.jpg"],
                "no image (.jpg, .jpeg or .png): a.jpg comes later: sort the members by name"
            ),
        ] as [([String], String)])
    func incomplete(_ names: [String], _ message: String) throws {
        let scratch = try Scratch()
        var tar = TestTar()
        for name in names { tar.add(name, [48]) }
        try scratch.write("data/s.tar", tar.ended)
        #expect(datasetError(scratch, "data") == "…/data/s.tar: sample a: \(message)")
    }

    @Test("labels are decimal numbers, links no images, other members ignored") func members()
        throws
    {
        let scratch = try Scratch()
        for (text, isGood) in [
            (" 0\n", true), ("0", true), ("\u{FEFF}0\r\n", true), ("-1", false), ("0.0", false),
            ("+0", false), ("1e0", false), ("0 0", false), ("x", false), ("", false),
        ] {
            var tar = TestTar()
            tar.add("a.webp", [1])
            tar.add("a.PNG", [1])
            tar.add("a.seg.png", [1])
            tar.add("a.cls", Array(text.utf8))
            tar.add("__meta__/b.json", [1])
            tar.add(".hidden", [1])
            tar.add("README", [1])
            try scratch.write("data/s.tar", tar.ended)
            unlink("\(scratch.path)/data/index.tsv")
            #expect(
                datasetError(scratch, "data")
                    == (isGood
                        ? nil
                        : "…/data/s.tar: sample a: its .cls is '\(text)': write whole numbers from 0")
            )
        }
        var tar = TestTar()
        tar.add("a.jpg", [])
        tar.add("a.cls", [48])
        var bytes = tar.ended
        TestTar.patch(&bytes, header: 0, at: 156, [UInt8(ascii: "2")])
        try scratch.write("data/s.tar", bytes)
        #expect(
            datasetError(scratch, "data")
                == "…/data/s.tar: sample a: .jpg is a link, which has no bytes to read; pack it anew"
        )
    }

    @Test("the index is used while the shards fit it, and made anew when they do not")
    func index() throws {
        let scratch = try make()
        let folder = "\(scratch.path)/data"
        let first = try ImageDataset(folder)
        let text = try String(contentsOfFile: "\(folder)/index.tsv", encoding: .utf8)
        #expect(text.hasPrefix("understudy-index\t2\ncontent\t-\nshards\t2\ns-0.tar\t5120\t-\n"))
        #expect(text.contains("\n0\t512\t3\t1\t"))
        // A label that only the index can have told.
        let changed = text.replacingOccurrences(of: "\t512\t3\t1\t", with: "\t512\t3\t0\t")
        try scratch.write("data/index.tsv", sealed(changed))
        #expect(try ImageDataset(folder).samples[0].label == 0)
        try write(scratch, "data/s-2.tar", keys: ["b/v"])
        #expect(try ImageDataset(folder).samples.map(\.label) == [1, 0, 0, 1, 1])
        unlink("\(folder)/s-2.tar")
        #expect(try ImageDataset(folder).digest == first.digest)
        try write(scratch, "data/s-1.tar", keys: ["a/x", "b/y", "b/u"])
        #expect(try ImageDataset(folder).samples.count == 5)
    }

    @Test("a shard changed under its index is refused at the sample") func changed() throws {
        let scratch = try make()
        let folder = "\(scratch.path)/data"
        _ = try ImageDataset(folder)
        // The same size, other members.
        try write(scratch, "data/s-1.tar", keys: ["a/X", "b/y"])
        for dataset in [try ImageDataset(folder)] {
            #expect(
                readingError(scratch, dataset, 2)
                    == "…/data/s-1.tar: sample a/x.jpg changed since the shard was indexed; delete "
                    + "index.tsv to have it indexed anew")
            #expect(readingError(scratch, dataset, 3) == nil)
        }
        unlink("\(folder)/index.tsv")
        let anew = try ImageDataset(folder)
        #expect(anew.samples[2].path == "a/X.jpg")
        #expect(truncate("\(folder)/s-1.tar", 700) == 0)
        #expect(readingError(scratch, anew, 3)?.contains("changed since the shard") == true)
        unlink("\(folder)/s-0.tar")
        #expect(
            readingError(scratch, anew, 0)
                == "…/data/s-0.tar: cannot be read: No such file or directory")
    }

    @Test("a file of another kind in the index's place stays, and what is cut short goes")
    func otherFile() throws {
        let scratch = try make()
        let path = "\(scratch.path)/data/index.tsv"
        let other = "\(scratch.path)/other.tsv"
        for (text, isForeign) in [
            ("", false), ("understudy-in", false), ("understudy-index\t2\n", false),
            ("id\tlabel\n1\tcat\n", true), ("understudy-indexes\n", true),
        ] {
            try scratch.write("data/index.tsv", Array(text.utf8))
            let index = Array("understudy-index\t0\n".utf8)
            #expect(
                IndexPlaces([path, other]).store(index) == (isForeign ? other : path), "\(text)")
            if isForeign {
                #expect(try ShardIndex(contentsOf: path) == nil)
                #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
            }
        }
    }

    @Test("a damaged index is refused with its line", arguments: [1, 2, 5, 6, 9])
    func damagedIndex(_ line: Int) throws {
        let scratch = try make()
        _ = try ImageDataset("\(scratch.path)/data")
        let text = try String(contentsOfFile: "\(scratch.path)/data/index.tsv", encoding: .utf8)
        var lines = text.components(separatedBy: "\n")
        lines[line] = line == 9 ? String(lines[line].dropLast(30)) : "x" + lines[line]
        try scratch.write("data/index.tsv", Array(lines.joined(separator: "\n").utf8))
        #expect(
            datasetError(scratch, "data")
                == "…/data/index.tsv:\(line + 1): the index is damaged or of another version; delete "
                + "it, and the shards are indexed anew")
        // Cut anywhere, it is damaged too, never half of an index.
        for length in stride(from: 17, to: text.utf8.count, by: 7) {
            try scratch.write("data/index.tsv", Array(text.utf8.prefix(length)))
            #expect(datasetError(scratch, "data") != nil)
        }
    }

    @Test("an index that points beyond its shard is refused") func beyond() throws {
        let scratch = try make()
        _ = try ImageDataset("\(scratch.path)/data")
        let text = try String(contentsOfFile: "\(scratch.path)/data/index.tsv", encoding: .utf8)
        for (from, to) in [
            ("\n0\t512\t3\t", "\n0\t511\t3\t"), ("\n0\t512\t3\t", "\n2\t512\t3\t"),
            ("\n0\t512\t3\t", "\n0\t512\t4609\t"),
            ("\n0\t512\t3\t", "\n0\t99999999999999999999\t3\t"),
        ] {
            try scratch.write(
                "data/index.tsv", sealed(text.replacingOccurrences(of: from, with: to)))
            #expect(datasetError(scratch, "data")?.contains("index.tsv:7: the index is") == true)
        }
    }

    /// The text of an index with the checksum in its last line made to fit.
    private func sealed(_ text: String) -> [UInt8] {
        let body = Array(Array(text.utf8).dropLast("checksum\t01234567\n".utf8.count))
        let digits = String(body.withUnsafeBytes { crc32c($0) }, radix: 16)
        let zeros = String(repeating: "0", count: 8 - digits.count)
        return body + Array("checksum\t\(zeros)\(digits)\n".utf8)
    }

    @Test("a changed digit anywhere in the index is found, or has the shards scanned again")
    func checked() throws {
        let scratch = try make()
        let samples = try ImageDataset("\(scratch.path)/data").samples
        let text = try [UInt8](
            Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/data/index.tsv")))
        for place in text.indices where (48...57).contains(text[place]) {
            var changed = text
            changed[place] = changed[place] == 57 ? 48 : changed[place] + 1
            try scratch.write("data/index.tsv", changed)
            let found = try? ImageDataset("\(scratch.path)/data").samples
            #expect(found == nil || found == samples, "byte \(place)")
        }
    }

    @Test("an index of version 1, and one that went through Windows, are read") func olderIndex()
        throws
    {
        var index = ShardIndex()
        let digest = String(repeating: "a", count: 64)
        index.contentDigest = digest
        index.shards = [.init(name: "a.tar", bytes: 9000, sha256: digest)]
        index.samples = [.init(path: "x\ty.jpg", label: 3, bytes: 9)]
        index.places = [.init(shard: 0, offset: 512, header: 0xabc)]
        let scratch = try Scratch()
        let first =
            "understudy-index\t1\ncontent\t\(digest)\nshards\t1\na.tar\t9000\t\(digest)\n"
            + "samples\t1\n0\t512\t9\t3\t0000000000000abc\tx\ty.jpg\n"
        let path = try scratch.write("index.tsv", Array(first.utf8))
        #expect(try ShardIndex(contentsOf: path) == index)
        for checksums in [[], [0xDEAD_BEEF]] as [[UInt32]] {
            index.checksums = checksums
            let text = String(decoding: index.text(), as: UTF8.self)
            let windows = "\u{FEFF}" + text.replacingOccurrences(of: "\n", with: "\r\n")
            for text in [text, windows] {
                try scratch.write("index.tsv", Array(text.utf8))
                #expect(try ShardIndex(contentsOf: path) == index)
            }
        }
    }

    @Test("any name survives the index") func names() throws {
        var index = ShardIndex()
        index.contentDigest = String(repeating: "a", count: 64)
        index.shards = [.init(name: "a\\n\n.tar", bytes: 1 << 40, sha256: index.contentDigest)]
        for path in ["a\tb", "\\", "\n\\n\\\\", "ü", "a\u{301}", "\r", "a\r\n\r", "\\r"] {
            index.samples.append(.init(path: path, label: 3, bytes: 9))
            index.places.append(.init(shard: 0, offset: 1 << 39, header: .max - 7))
        }
        let scratch = try Scratch()
        let path = try scratch.write("index.tsv", index.text())
        #expect(try ShardIndex(contentsOf: path) == index)
        #expect(try ShardIndex(contentsOf: path)?.text() == index.text())
    }

    @Test("where the shards cannot be written beside, the index goes to the user's cache")
    func places() throws {
        let scratch = try make()
        let shards = "\(scratch.path)/data"
        let link = "\(scratch.path)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "data")
        let cache = ["XDG_CACHE_HOME": "\(scratch.path)/cache", "HOME": "/home/x"]
        let places = IndexPlaces(beside: "\(shards)/index.tsv", environment: cache)
        #expect(places.all.count == 2)
        #expect(places.all[1].hasPrefix("\(scratch.path)/cache/understudy/indexes/"))
        #expect(
            IndexPlaces(beside: "\(link)/index.tsv", environment: cache).all[1] == places.all[1])
        #expect(
            IndexPlaces(beside: "\(shards)/index.tsv", environment: ["HOME": "/home/x"]).all[1]
                .hasPrefix("/home/x/.cache/understudy/indexes/"))
        // Root may write anywhere, so the place is one where nobody can: in /proc.
        let readOnly = IndexPlaces(["/proc/index.tsv", places.all[1]])
        #expect(readOnly.store([1]) == places.all[1])
        #expect(FileManager.default.fileExists(atPath: places.all[1]))
        #expect(IndexPlaces(["/proc/index.tsv"]).store([1]) == nil)
    }

    @Test("what lies beside shards and is left out is told") func leftOut() throws {
        let scratch = try make()
        #expect(try ImageDataset("\(scratch.path)/data").notices == [])
        for name in ["s-2.tar.gz", "x.jpg", "y.webp", "notes.txt"] {
            try scratch.write("data/\(name)", [1])
        }
        #expect(
            try ImageDataset("\(scratch.path)/data").notices == [
                "\(scratch.path)/data: 3 files beside the .tar shards (.webp, .gz, .jpg) are left out"
            ])
    }
}
