import Foundation
import Testing

@testable import Loading

@Suite("Lists of images") struct ListTests {
    private func make(_ text: String, name: String = "list.txt") throws -> Scratch {
        let scratch = try Scratch()
        for file in ["x/1.jpg", "x/two words.jpg", "x/a,b.jpg", "y/tab\tin.jpg"] {
            try scratch.write(file, [1, 2])
        }
        try scratch.write(name, Array(text.utf8))
        return scratch
    }

    @Test("a line is a path, its last tab or blank, and a label") func lines() throws {
        let scratch = try make(
            """
            # Comments and blank lines mean nothing.

            x/two words.jpg 1
            x/1.jpg\t 0\r
            y/tab\tin.jpg\t2  \n  \t
            x/1.jpg 3
            """)
        let dataset = try ImageDataset("\(scratch.path)/list.txt")
        #expect(
            dataset.samples.map(\.path) == [
                "x/two words.jpg", "x/1.jpg", "y/tab\tin.jpg", "x/1.jpg",
            ])
        #expect(dataset.samples.map(\.label) == [1, 0, 2, 3])
        #expect(dataset.classes == ["0", "1", "2", "3"])
        #expect(dataset.location(of: 0) == "\(scratch.path)/x/two words.jpg")
        #expect(try dataset.reading(2, into: FileBuffer()) { Array($0) } == [1, 2])
    }

    @Test("a .csv is split at its last comma, paths may be absolute") func commas() throws {
        let scratch = try make("")
        try scratch.write(
            "list.csv", Array("x/a,b.jpg,dog\n\(scratch.path)/x/1.jpg, cat\n".utf8))
        let dataset = try ImageDataset("\(scratch.path)/list.csv")
        #expect(dataset.samples.map(\.path) == ["x/a,b.jpg", "\(scratch.path)/x/1.jpg"])
        #expect(dataset.classes == ["cat", "dog"])
        #expect(dataset.samples.map(\.label) == [1, 0])
        #expect(dataset.location(of: 1) == "\(scratch.path)/x/1.jpg")
        #expect(try dataset.reading(1, into: FileBuffer()) { $0.count } == 2)
    }

    @Test("a list of a folder's images is the same data set") func sameAsFolder() throws {
        let scratch = try Scratch()
        try scratch.write("data/a/1.jpg", [1, 2])
        try scratch.write("data/b/1.jpg", [3])
        try scratch.write("data/list.txt", Array("a/1.jpg a\nb/1.jpg b\n".utf8))
        let (folder, list) = try (
            ImageDataset("\(scratch.path)/data"), ImageDataset("\(scratch.path)/data/list.txt")
        )
        #expect(folder.samples == list.samples)
        #expect(folder.classes == list.classes)
        #expect(folder.digest == list.digest)
    }

    @Test("classes.txt beside the list names its classes") func classNames() throws {
        let scratch = try make("x/1.jpg 2\nx/1.jpg 0\n")
        try scratch.write("classes.txt", Array("zebra\nant\ncow\ndog\n".utf8))
        // A class without an image is fine where it is named.
        let numbers = try ImageDataset("\(scratch.path)/list.txt", expectedClasses: 4)
        #expect(numbers.classes == ["zebra", "ant", "cow", "dog"])
        #expect(numbers.samples.map(\.label) == [2, 0])
        try scratch.write("list.txt", Array("x/1.jpg cow\nx/1.jpg zebra\n".utf8))
        #expect(try ImageDataset("\(scratch.path)/list.txt").samples == numbers.samples)
        #expect(
            datasetError(scratch, "list.txt", classes: 3)
                == "…/classes.txt: 4 classes, the recipe says 3; mend data.classes")
        try scratch.write("list.txt", Array("\nx/1.jpg cow\nx/1.jpg cat\n".utf8))
        #expect(
            datasetError(scratch, "list.txt")
                == "…/list.txt:3: class 'cat' is not in …/classes.txt")
        try scratch.write("list.txt", Array("x/1.jpg 0\nx/1.jpg 4\n".utf8))
        #expect(
            datasetError(scratch, "list.txt")
                == "…/list.txt:2: label 4 is beyond the 4 classes of …/classes.txt; labels start at 0"
        )
    }

    @Test(
        "each fault names the list and the line",
        arguments: [
            ("x/1.jpg\n", "…/list.txt:1: expected 'path label', found 'x/1.jpg'"),
            ("x/1.jpg 0\n x/1.jpg \n", "…/list.txt:2: expected 'path label', found ' x/1.jpg '"),
            (
                "x/1.jpg 0\nx/3.jpg 0\n",
                "…/list.txt:2: x/3.jpg: cannot be read: No such file or directory"
            ),
            ("x/1.jpg 0\nx 0\n", "…/list.txt:2: x: is not a regular file"),
            (
                "x/1.jpg 0\n\nx/1.jpg cat\n",
                "…/list.txt:3: label 'cat' is a name, line 1 has a number; write all labels alike"
            ),
            (
                "#\nx/1.jpg -1\nx/1.jpg 1\n",
                "…/list.txt:3: label '1' is a number, line 2 has a name; write all labels alike"
            ),
            (
                "x/1.jpg 1\nx/1.jpg 2\n",
                "…/list.txt: no image has label 0, though labels go up to 2; number them from 0 "
                    + "without gaps, or name all classes in classes.txt"
            ),
            (
                "x/1.jpg 0\nx/1.jpg 999999999\n",
                "…/list.txt: no image has label 1, though labels go up to 999999999; number them from "
                    + "0 without gaps, or name all classes in classes.txt"
            ),
            ("", "…/list.txt: lists no image; expected 'path label' on each line"),
            ("x/1.jpg 0\nx/\0.jpg 0\n", "…/list.txt:2: is not UTF-8 text"),
        ])
    func faults(_ text: String, _ message: String) throws {
        #expect(datasetError(try make(text), "list.txt") == message)
    }

    @Test("another number of classes than the recipe's is refused") func classCount() throws {
        let scratch = try make("x/1.jpg 0\nx/1.jpg 1\n")
        #expect(datasetError(scratch, "list.txt", classes: 2) == nil)
        #expect(
            datasetError(scratch, "list.txt", classes: 3)
                == "…/list.txt: 2 classes, the recipe says 3; mend data.classes, the labels, or name "
                + "all classes in classes.txt")
    }
}
