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
        let dataset = try ImageDataset("\(scratch.path)/data")
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
            try ImageDataset("\(scratch.path)/\($0)").digest
        }
        #expect(digests[0] == digests[1])
        #expect(Set(digests).count == 3)
    }

    @Test("each fault is one line that names the path") func faults() throws {
        let scratch = try Scratch()
        func message(_ folder: String, _ classes: Int? = nil) -> String? {
            do {
                _ = try ImageDataset(
                    "\(scratch.path)/\(folder)", expectedClasses: classes)
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

@Suite("Prefetcher") struct PrefetcherTests {
    private struct Fault: Error {}

    @Test("elements come in order, then nil") func order() throws {
        let prefetcher = Prefetcher(count: 100, depth: 3) { $0 * 2 }
        var seen: [Int] = []
        while let next = try prefetcher.next() { seen.append(next) }
        #expect(seen == (0..<100).map { $0 * 2 })
        #expect(try prefetcher.next() == nil)
    }

    @Test("an error comes in its place and ends it") func failure() throws {
        let prefetcher = Prefetcher(count: 10) { index in
            if index == 2 { throw Fault() }
            return index
        }
        #expect(try prefetcher.next() == 0)
        #expect(try prefetcher.next() == 1)
        #expect(throws: Fault.self) { try prefetcher.next() }
        #expect(try prefetcher.next() == nil)
    }

    @Test("no more than the depth is produced ahead, and letting go ends the thread")
    func bounded() throws {
        let produced = Counter()
        var prefetcher: Prefetcher<Int>? = Prefetcher(count: 1000, depth: 2) { index in
            produced.add()
            return index
        }
        #expect(try prefetcher?.next() == 0)
        Thread.sleep(forTimeInterval: 0.2)
        // One consumed, two waiting, one in hand.
        #expect(produced.value <= 4)
        prefetcher = nil
        Thread.sleep(forTimeInterval: 0.1)
        let after = produced.value
        Thread.sleep(forTimeInterval: 0.1)
        #expect(produced.value == after)
    }

    @Test("the error of the lowest index is thrown") func lowestError() throws {
        struct At: Error { let index: Int }
        let error = #expect(throws: At.self) {
            try forEachIndex(20, workers: 4) { if $0 % 5 == 3 { throw At(index: $0) } }
        }
        #expect(error?.index == 3)
    }
}

// Sendable: guarded by `lock`.
private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    func add() { lock.withLock { count += 1 } }

    var value: Int { lock.withLock { count } }
}
