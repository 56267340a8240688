import Foundation
import Recipes
import Testing

@testable import Loading

@Suite("Images without labels") struct UnlabeledTests {
    private func scratch() throws -> Scratch {
        let scratch = try Scratch()
        for (name, bytes) in [("a/1.jpg", 3), ("b/1.jpg", 4), ("b/2.jpg", 5)] {
            try scratch.write("data/\(name)", [UInt8](repeating: 1, count: bytes))
        }
        for (name, bytes) in [("z.jpg", 6), ("b/1.jpg", 7), ("b/c/1.png", 8), (".x.jpg", 9)] {
            try scratch.write("more/\(name)", [UInt8](repeating: 2, count: bytes))
        }
        return scratch
    }

    private func data(
        _ train: String?, _ unlabeled: String?, in scratch: Scratch
    ) throws -> ImageDataset {
        var data = Recipe.Data.initial
        data.train = train.map { "\(scratch.path)/\($0)" }
        data.unlabeled = unlabeled.map { "\(scratch.path)/\($0)" }
        data.classes = 2
        return try ImageDataset(data)
    }

    @Test("follow those with labels, in the order of their paths") func joined() throws {
        let scratch = try scratch()
        let dataset = try data("data", "more", in: scratch)
        #expect(dataset.classes == ["a", "b"])
        #expect(dataset.samples.map(\.label) == [0, 1, 1, nil, nil, nil])
        #expect(
            dataset.samples.map(\.path) == [
                "a/1.jpg", "b/1.jpg", "b/2.jpg", "b/1.jpg", "b/c/1.png", "z.jpg",
            ])
        for (index, bytes) in [3, 4, 5, 7, 8, 6].enumerated() {
            let read = try dataset.reading(index, into: FileBuffer()) { Array($0) }
            #expect(read == [UInt8](repeating: index < 3 ? 1 : 2, count: bytes))
            let root = index < 3 ? "data" : "more"
            #expect(
                dataset.location(of: index)
                    == "\(scratch.path)/\(root)/\(dataset.samples[index].path)")
        }
    }

    @Test("are part of the data set's identity, which is as ever without them") func digest() throws
    {
        let scratch = try scratch()
        let labeled = try data("data", nil, in: scratch)
        #expect(labeled.digest == (try ImageDataset("\(scratch.path)/data").digest))
        let joined = try data("data", "more", in: scratch)
        #expect(joined.digest != labeled.digest)
        // A list of the same paths is the same data set.
        try scratch.write("more/list.txt", Array("# found\nb/1.jpg\nb/c/1.png\r\n\nz.jpg\n".utf8))
        #expect(try data("data", "more/list.txt", in: scratch).digest == joined.digest)
        let alone = try data(nil, "more", in: scratch)
        #expect(alone.classes.isEmpty && alone.samples == Array(joined.samples[3...]))
        // The same images with labels are another data set.
        let same = try data(nil, "data", in: scratch)
        #expect(same.samples.map(\.path) == labeled.samples.map(\.path))
        #expect(same.digest != labeled.digest)
    }

    @Test("what is no image has a line") func faults() throws {
        let scratch = try scratch()
        func fails(_ name: String, _ message: String) {
            let error = #expect(throws: DatasetError.self) { try data("data", name, in: scratch) }
            #expect(error?.description == "\(scratch.path)/\(name)\(message)")
        }
        fails("none", ": no such data set: No such file or directory")
        try scratch.write("empty/notes.txt", [1])
        fails("empty", ": no images (jpeg, jpg, png)")
        try scratch.write("shard.tar", [1])
        fails(
            "shard.tar",
            ": images without labels come from a folder or a list of paths, not from a .tar file")
        try scratch.write("list.txt", Array("more/z.jpg\nmore/z.jpg 3\n".utf8))
        fails("list.txt", ":2: more/z.jpg 3: cannot be read: No such file or directory")
        try scratch.write("list.txt", Array("more\n".utf8))
        fails("list.txt", ":1: more: is not a regular file")
        try scratch.write("more/q.webp", [1])
        #expect(
            try data("data", "more", in: scratch).notices == [
                "\(scratch.path)/more: 1 image that cannot be read (.webp) is left out"
            ])
    }
}
