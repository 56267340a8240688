import Base
import Foundation
import Testing

@testable import Loading

/// A data set's error, without the scratch folder's own path; nil if it can be read.
func datasetError(_ scratch: Scratch, _ name: String, classes: Int? = nil) -> String? {
    do {
        _ = try ImageDataset("\(scratch.path)/\(name)", expectedClasses: classes)
        return nil
    } catch {
        return "\(error)".replacingOccurrences(of: scratch.path, with: "…")
    }
}

/// The error of reading an image, without the scratch folder's own path; nil if it can be read.
func readingError(_ scratch: Scratch, _ dataset: ImageDataset, _ index: Int) -> String? {
    do {
        try dataset.reading(index, into: FileBuffer()) { _ in }
        return nil
    } catch {
        return error.description.replacingOccurrences(of: scratch.path, with: "…")
    }
}

@Suite("Image folders") struct DatasetTests {
    @Test("classes and paths are sorted, other files ignored") func order() throws {
        let scratch = try Scratch()
        for name in ["b/2.jpg", "b/10.jpg", "a/x.PNG", "a/deep/y.jpeg", "a/notes.txt", "B/1.jpg"] {
            try scratch.write("data/\(name)", [1, 2, 3])
        }
        try scratch.write("data/.hidden/1.jpg", [1])
        let dataset = try ImageDataset("\(scratch.path)/data")
        #expect(dataset.classes == ["B", "a", "b"])
        #expect(
            dataset.samples.map(\.path) == [
                "B/1.jpg", "a/deep/y.jpeg", "a/x.PNG", "b/10.jpg", "b/2.jpg",
            ])
        #expect(dataset.samples.map(\.label) == [0, 1, 1, 2, 2])
        #expect(dataset.contentDigest == nil)
    }

    @Test("the digest depends on paths, sizes and labels") func digest() throws {
        let scratch = try Scratch()
        try scratch.write("one/a/1.jpg", [1, 2])
        try scratch.write("two/a/1.jpg", [3, 4])
        try scratch.write("three/a/1.jpg", [1, 2, 3])
        try scratch.write("four/a/2.jpg", [1, 2])
        let digests = try ["one", "two", "three", "four"].map {
            try ImageDataset("\(scratch.path)/\($0)").digest
        }
        #expect(digests[0] == digests[1])
        #expect(Set(digests).count == 3)
        // printf 'a/1.jpg\0002\0000\n' | sha256sum: caches hold this, so it never changes.
        #expect(
            digests[0] == "5000070e8f60cc3dd3ca636b2b39306e51850fbf42f45bc671cb02952f5281a3")
    }

    @Test("each fault is one line that names the path") func faults() throws {
        let scratch = try Scratch()
        #expect(
            datasetError(scratch, "none") == "…/none: no such data set: No such file or directory")
        try scratch.write("flat/1.jpg", [1])
        #expect(
            datasetError(scratch, "flat")
                == "…/flat: no class folders; expected …/flat/<class>/<image>.jpg, or .tar shards")
        try scratch.write("data/a/1.jpg", [1])
        try scratch.write("data/b/readme.txt", [1])
        #expect(
            datasetError(scratch, "data")
                == "…/data: no images (jpeg, jpg, png) in class b; add some or remove the folder")
        try scratch.write("data/b/1.webp", [1])
        #expect(
            datasetError(scratch, "data")
                == "…/data: no images (jpeg, jpg, png) in class b, but 1 that cannot be read (.webp); "
                + "add some or remove the folder")
        try scratch.write("data/b/1.png", [1])
        #expect(datasetError(scratch, "data") == nil)
        #expect(
            datasetError(scratch, "data", classes: 3)
                == "…/data: 2 class folders, the recipe says 3; mend data.classes or the folder")
        #expect(
            datasetError(scratch, "data/a/1.jpg")
                == "…/data/a/1.jpg: is one image; expected a folder, a list of images or a .tar shard"
        )
        try scratch.write("data.tar.gz", [1])
        #expect(
            datasetError(scratch, "data.tar.gz")
                == "…/data.tar.gz: compressed archives cannot be read at random; unpack it to a plain "
                + ".tar")
        try scratch.write("data/a.tar", [1])
        #expect(
            datasetError(scratch, "data")
                == "…/data: holds both shards (a.tar) and folders (a); move one kind away")
        #expect(mkfifo("\(scratch.path)/pipe", 0o600) == 0)
        #expect(
            datasetError(scratch, "pipe") == "…/pipe: neither a folder nor a regular file")
    }

    @Test("images that cannot be read are counted and named") func leftOut() throws {
        let scratch = try Scratch()
        let notices = {
            try ImageDataset("\(scratch.path)/data").notices.map {
                $0.replacingOccurrences(of: scratch.path, with: "…")
            }
        }
        for index in 0..<8 { try scratch.write("data/c\(index)/1.jpg", [1]) }
        try scratch.write("data/c0/readme.txt", [1])
        #expect(try notices() == [])
        try scratch.write("data/c0/x.webp", [1])
        #expect(
            try notices() == ["…/data/c0: 1 image that cannot be read (.webp) is left out"])
        for ending in ["GIF", "bmp", "tiff"] { try scratch.write("data/c0/deep/x.\(ending)", [1]) }
        #expect(
            try notices() == [
                "…/data/c0: 4 images that cannot be read (.webp, .bmp, .tiff, .gif) are left out"
            ])
        for index in 2..<8 { try scratch.write("data/c\(index)/x.heic", [1]) }
        #expect(
            try notices() == [
                "…/data: 10 images that cannot be read (.webp, .bmp, .tiff, .gif, .heic) are left "
                    + "out, in 7 classes: c0, c2, c3, c4, c5 and 2 more"
            ])
        // A name cannot forge a line.
        try scratch.write("data/c9\u{1B}[31m\n/1.jpg", [1])
        try scratch.write("data/c9\u{1B}[31m\n/x.gif", [1])
        try scratch.write("data/loose.jpg", [1])
        let text = try notices()
        #expect(text.count == 2)
        #expect(text[1] == "…/data: 1 file beside the class folders (.jpg) is left out")
        #expect(text.allSatisfy { $0 == $0.printable })
    }

    @Test("links to nowhere, pipes and loops are named, and nothing waits for them")
    func oddFiles() throws {
        let scratch = try Scratch()
        let folder = "\(scratch.path)/data"
        try scratch.write("data/a/1.jpg", [1])
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/a/2.jpg", withDestinationPath: "gone.jpg")
        #expect(
            datasetError(scratch, "data")
                == "…/data/a/2.jpg: cannot be read: a symbolic link to something that is not there; "
                + "mend or remove it")
        unlink("\(folder)/a/2.jpg")
        #expect(mkfifo("\(folder)/a/2.jpg", 0o600) == 0)
        #expect(
            datasetError(scratch, "data")
                == "…/data/a/2.jpg: is not a regular file; remove it")
        unlink("\(folder)/a/2.jpg")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/a/up", withDestinationPath: ".")
        #expect(
            datasetError(scratch, "data")
                == "…/data/a/up: a symbolic link to a folder that it lies in; remove it")
        unlink("\(folder)/a/up")
        // A folder may be called so.
        try scratch.write("data/a/x.jpg/3.jpg", [1])
        #expect(try ImageDataset(folder).samples.map(\.path) == ["a/1.jpg", "a/x.jpg/3.jpg"])
        let bytes: [CChar] = [97, -1, 0]
        let name = folder.utf8CString.dropLast() + [47] + bytes
        #expect(mkdir(Array(name), 0o700) == 0)
        #expect(
            datasetError(scratch, "data") == "…/data/a\u{FFFD}: the name is not UTF-8; rename it")
    }

    @Test("one folder under two names, or two under one, is refused") func twins() throws {
        let scratch = try Scratch()
        try scratch.write("linked/cat/1.jpg", [1])
        try FileManager.default.createSymbolicLink(
            atPath: "\(scratch.path)/linked/feline", withDestinationPath: "cat")
        #expect(
            datasetError(scratch, "linked")
                == "…/linked: class folders 'cat' and 'feline' are the same folder by a symbolic link; "
                + "remove one")
        #expect(mkdir("\(scratch.path)/twins", 0o700) == 0)
        for name in ["caf\u{e9}", "cafe\u{301}"] {
            #expect(mkdir("\(scratch.path)/twins/\(name)", 0o700) == 0)
        }
        #expect(
            datasetError(scratch, "twins")
                == "…/twins: class folders 'cafe\\u{0301}' and 'caf\\u{00E9}' have the same name in "
                + "two Unicode spellings; merge or rename them")
    }

    @Test("classes.txt gives the order, and must name just the folders") func classNames() throws {
        let scratch = try Scratch()
        for name in ["a", "b", "c"] { try scratch.write("data/\(name)/1.jpg", [1]) }
        let write = { (text: String) in
            try scratch.write("data/classes.txt", Array(text.utf8))
        }
        for text in ["b\nc\na\n", "\u{FEFF}b\r\nc\r\na"] {
            _ = try write(text)
            let dataset = try ImageDataset("\(scratch.path)/data")
            #expect(dataset.classes == ["b", "c", "a"])
            #expect(dataset.samples.map(\.path) == ["b/1.jpg", "c/1.jpg", "a/1.jpg"])
            #expect(dataset.samples.map(\.label) == [0, 1, 2])
        }
        let faults = [
            "b\nd\na\nc\n":
                "…/data/classes.txt:2: no class folder 'd' in …/data; mend the name or add the folder",
            "b\na\n":
                "…/data/classes.txt: class folder 'c' is not listed; add a line for it or remove the "
                + "folder",
            "b\na\nb\n": "…/data/classes.txt:3: 'b' is in line 1 already; remove one",
            "b\n\na\nc\n":
                "…/data/classes.txt:2: an empty line; the line's number is the label, so fill it",
            "": "…/data/classes.txt: names no class; write one name on each line",
            "b\na\0\nc\n":
                "…/data/classes.txt:2: holds a NUL byte, as no text does; save it as UTF-8 text",
        ]
        for (text, message) in faults {
            _ = try write(text)
            #expect(datasetError(scratch, "data") == message)
        }
    }

    @Test("an image is read into memory that is used again") func reading() throws {
        let scratch = try Scratch()
        try scratch.write("data/a/1.jpg", [1, 2, 3])
        try scratch.write("data/a/2.jpg", [UInt8](repeating: 7, count: 100_000))
        let dataset = try ImageDataset("\(scratch.path)/data")
        #expect(dataset.location(of: 1) == "\(scratch.path)/data/a/2.jpg")
        let buffer = FileBuffer()
        var places: [UnsafeRawPointer?] = []
        for _ in 0..<3 {
            for (index, expected) in [(1, [UInt8](repeating: 7, count: 100_000)), (0, [1, 2, 3])] {
                let read = try dataset.reading(index, into: buffer) { bytes in
                    places.append(bytes.baseAddress)
                    return Array(bytes)
                }
                #expect(read == expected)
            }
        }
        #expect(Set(places).count == 1)
    }

    @Test("a file that is no longer what was listed is refused") func changed() throws {
        let scratch = try Scratch()
        for index in 0..<3 { try scratch.write("data/a/\(index).jpg", [1, 2, 3]) }
        let dataset = try ImageDataset("\(scratch.path)/data")
        try scratch.write("data/a/0.jpg", [1, 2])
        #expect(
            readingError(scratch, dataset, 0)
                == "…/data/a/0.jpg: changed since it was listed: 3 bytes then, 2 now; start again to "
                + "list the data anew")
        unlink("\(scratch.path)/data/a/1.jpg")
        #expect(
            readingError(scratch, dataset, 1)
                == "…/data/a/1.jpg: cannot be read: No such file or directory")
        struct Fault: Error, CustomStringConvertible { let description = "is no good" }
        let error = #expect(throws: DatasetError.self) {
            try dataset.reading(2, into: FileBuffer()) { _ in throw Fault() }
        }
        #expect(error?.description == "\(scratch.path)/data/a/2.jpg: is no good")
    }
}
