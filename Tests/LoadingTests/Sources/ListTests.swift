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
                "#\nx/1.jpg one\nx/1.jpg 1\n",
                "…/list.txt:3: label '1' is a number, line 2 has a name; write all labels alike"
            ),
            ("path label\nx/1.jpg 1\n", "…/list.txt:1: looks like a header: remove it"),
            (
                "x/1.jpg 0\npath label\n",
                "…/list.txt:2: path: cannot be read: No such file or directory"
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
            (
                "x/1.jpg 0\nx/\0.jpg 0\n",
                "…/list.txt:2: holds a NUL byte, as no text does; save it as UTF-8 text"
            ),
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

    @Test(
        "text that is plainly a number, but no whole one from 0, is no name",
        arguments: [
            "10.0", "2.0", "-1", "+3", "1e1", "1E-2", ".5", "5.", "0x1F", "-0", "1,5", "1_000",
            "9999999999", "18446744073709551616", "\u{2212}1", "\u{663}", "\u{ff11}",
        ])
    func writtenNumbers(label: String) throws {
        let message = "label '\(label)': write whole numbers from 0 to 999999999, or names"
        for name in ["list.txt", "list.csv"] {
            let comma = name.hasSuffix("csv")
            let field = comma && label.contains(",") ? "\"\(label)\"" : label
            let line = "x/1.jpg\(comma ? "," : " ")\(field)\n"
            #expect(
                datasetError(try make(line, name: name), name) == "…/\(name):1: \(message)")
            // Also after a label that is one, and after names.
            for first in ["0", "cat"] {
                let text = "x/1.jpg\(comma ? "," : " ")\(first)\n" + line
                #expect(
                    datasetError(try make(text, name: name), name) == "…/\(name):2: \(message)")
            }
        }
    }

    @Test("numbers within names, and blanks around numbers, are what they were")
    func otherLabels() throws {
        for label in ["n01440764", "2nd", "1-2", "3.5.1", "v2.0", "nan", "inf", "e5", "1 e", "½"] {
            #expect(!LabelColumn.isPlainlyNumber(label[...]), "\(label)")
        }
        let padded = try make("x/1.jpg, 1 \nx/1.jpg,\t0\u{a0}\n", name: "list.csv")
        #expect(try ImageDataset("\(padded.path)/list.csv").samples.map(\.label) == [1, 0])
        let zeros = try make("x/1.jpg 001\nx/1.jpg 00\n")
        #expect(try ImageDataset("\(zeros.path)/list.txt").samples.map(\.label) == [1, 0])
    }

    @Test("fields of a .csv may be quoted, as RFC 4180 says") func quotes() throws {
        let scratch = try make("")
        for name in ["\"q\".jpg", " blank .jpg", "x,\"y\",z.jpg", "5\" nail.jpg"] {
            try scratch.write("p/\(name)", [1])
        }
        try scratch.write(
            "list.csv",
            Array(
                """
                "x/a,b.jpg",dog\r
                "p/""q"".jpg","cat"\r
                 "p/ blank .jpg" , "a ""big"" cat, grey" \r
                p/5" nail.jpg,dog\r
                "p/x,""y"",z.jpg",cat\r
                x/a,b.jpg,cat\r

                """.utf8))
        let dataset = try ImageDataset("\(scratch.path)/list.csv")
        #expect(
            dataset.samples.map(\.path) == [
                "x/a,b.jpg", "p/\"q\".jpg", "p/ blank .jpg", "p/5\" nail.jpg",
                "p/x,\"y\",z.jpg", "x/a,b.jpg",
            ])
        #expect(dataset.classes == ["a \"big\" cat, grey", "cat", "dog"])
        #expect(dataset.samples.map(\.label) == [2, 1, 0, 2, 1, 1])
    }

    @Test(
        "a .csv's faults are told",
        arguments: [
            ("path,label\nx/1.jpg,0\n", "1: looks like a header: remove it"),
            ("\"filename\",\"class\"\nx/1.jpg,0\n", "1: looks like a header: remove it"),
            ("\u{FEFF}image,label,split\r\nx/1.jpg,0,a\r\n", "1: looks like a header: remove it"),
            (
                "x/1.jpg,0,train\n",
                "1: 3 fields, expected path and label; put a path with commas in quotes"
            ),
            ("\"x/1.jpg,0\n", "1: a quoted field has no end on its line"),
            ("\"x/1.jpg\"y,0\n", "1: text after the end of a quoted field: 'y,0'"),
            ("x/1.jpg\n", "1: expected 'path,label', found 'x/1.jpg'"),
            ("\"\",0\n", "1: expected 'path,label', found '\"\",0'"),
            ("x/1.jpg,\"\"\n", "1: expected 'path,label', found 'x/1.jpg,\"\"'"),
        ])
    func csvFaults(_ text: String, _ message: String) throws {
        #expect(
            datasetError(try make(text, name: "list.csv"), "list.csv") == "…/list.csv:\(message)")
    }

    @Test("a byte order mark and CR LF are nobody's text, UTF-16 is named") func windows() throws {
        let scratch = try make("\u{FEFF}x/1.jpg 1\r\nx/two words.jpg 0\r\n")
        #expect(
            try ImageDataset("\(scratch.path)/list.txt").samples.map(\.path)
                == ["x/1.jpg", "x/two words.jpg"])
        for mark: [UInt8] in [[0xFF, 0xFE], [0xFE, 0xFF]] {
            try scratch.write("list.txt", mark + [0x78, 0, 0x2F, 0])
            #expect(
                datasetError(scratch, "list.txt")
                    == "…/list.txt: is UTF-16 text; save it as UTF-8")
        }
    }

    @Test("no list of random text ends in anything but a data set or one line") func fuzz() throws {
        let scratch = try make("")
        var state: UInt64 = 7
        func next(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let pieces = [
            "x/1.jpg", "\"", "\"\"", ",", " ", "\t", "\r", "\n", "0", "1", "-1", "cat", "#",
            "\u{FEFF}", "x/a,b.jpg", "é", "\u{301}", "\u{0}", "1e1", "label", "\u{1B}[31m",
        ]
        var outcomes: Set<Bool> = []
        for round in 0..<400 {
            let text = (0..<next(14)).map { _ in pieces[next(pieces.count)] }.joined()
            let name = round % 2 == 0 ? "list.txt" : "list.csv"
            try scratch.write(name, Array(text.utf8))
            let error = datasetError(scratch, name)
            outcomes.insert(error == nil)
            #expect(error?.contains("\n") != true && error?.contains("\u{1B}") != true)
        }
        #expect(outcomes == [true, false])
    }
}
