import Foundation
import Testing

@testable import Loading

@Suite("Image folders") struct DatasetTests {
    @Test("classes and paths are sorted, other files ignored") func order() throws {
        let scratch = try Scratch()
        for name in ["b/2.jpg", "b/10.jpg", "a/x.PNG", "a/deep/y.jpeg", "a/notes.txt", "B/1.jpg"] {
            try scratch.write("data/\(name)", [1, 2, 3])
        }
        try scratch.write("data/.hidden/1.jpg", [1])
        let dataset = try ImageDataset(folder: "\(scratch.path)/data")
        #expect(dataset.classes == ["B", "a", "b"])
        #expect(
            dataset.samples.map(\.path) == [
                "B/1.jpg", "a/deep/y.jpeg", "a/x.PNG", "b/10.jpg", "b/2.jpg",
            ])
        #expect(dataset.samples.map(\.label) == [0, 1, 1, 2, 2])
    }

    @Test("the digest depends on paths, sizes and labels") func digest() throws {
        let scratch = try Scratch()
        try scratch.write("one/a/1.jpg", [1, 2])
        try scratch.write("two/a/1.jpg", [3, 4])
        try scratch.write("three/a/1.jpg", [1, 2, 3])
        try scratch.write("four/a/2.jpg", [1, 2])
        let digests = try ["one", "two", "three", "four"].map {
            try ImageDataset(folder: "\(scratch.path)/\($0)").digest
        }
        #expect(digests[0] == digests[1])
        #expect(Set(digests).count == 3)
    }

    @Test("each fault is one line that names the path") func faults() throws {
        let scratch = try Scratch()
        func message(_ folder: String, _ classes: Int? = nil) -> String? {
            do {
                _ = try ImageDataset(
                    folder: "\(scratch.path)/\(folder)", expectedClasses: classes)
                return nil
            } catch {
                return error.description.replacingOccurrences(of: scratch.path, with: "…")
            }
        }
        #expect(message("none") == "…/none: cannot be read as a folder: No such file or directory")
        try scratch.write("flat/1.jpg", [1])
        #expect(
            message("flat") == "…/flat: no class folders; expected …/flat/<class>/<image>.jpg")
        try scratch.write("data/a/1.jpg", [1])
        try scratch.write("data/b/readme.txt", [1])
        #expect(
            message("data")
                == "…/data: no images (jpeg, jpg, png) in class b; add some or remove the folder")
        try scratch.write("data/b/1.png", [1])
        #expect(message("data") == nil)
        #expect(
            message("data", 3)
                == "…/data: 2 class folders, the recipe says 3; mend data.classes or the folder")
    }
}
