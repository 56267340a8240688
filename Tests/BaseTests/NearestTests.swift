import Testing

@testable import Base

@Suite("The nearest word") struct NearestTests {
    @Test(
        "counts letters that are inserted, deleted, replaced and swapped",
        arguments: [
            ("kitten", "sitting", 3), ("trian", "train", 1), ("ca", "abc", 3), ("", "abc", 3),
            ("same", "same", 0),
        ])
    func distance(from: String, to: String, expected: Int) {
        #expect(from.editDistance(to: to) == expected)
        #expect(to.editDistance(to: from) == expected)
    }

    @Test("is one that a slip of the keys leads away from, or that is cut short")
    func nearest() {
        let words = ["build", "info", "verify", "merge", "statistics"]
        for (word, expected) in [
            ("biuld", "build"), ("veryfi", "verify"), ("marge", "merge"), ("stat", "statistics"),
            ("INFO", nil), ("xyzzy", nil), ("", nil), ("b", nil),
            (String(repeating: "a", count: 1_000_000), nil),
        ] {
            #expect(words.nearest(to: word) == expected, "\(word.clipped)")
        }
    }
}

@Suite("The most memory held") struct PeakMemoryTests {
    @Test("is the line of the process's status") func line() {
        #expect(PeakMemory.highWater(in: "VmPeak:\t 9 kB\nVmHWM:\t  12 kB\n") == 12288)
        for text in ["", "VmHWM:\n", "VmHWM: x kB\n", "VmHWM: \(Int.max) kB\n", "VmHWM: 1 MB\n"] {
            #expect(PeakMemory.highWater(in: text) == nil)
        }
    }

    @Test("rises with memory that is written to") func rises() throws {
        let before = try #require(PeakMemory.resident())
        let bytes = 256 << 20
        let pages = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
        pages.initializeMemory(as: UInt8.self, repeating: 1, count: bytes)
        let after = try #require(PeakMemory.resident())
        pages.deallocate()
        #expect(after >= max(before, bytes))
    }
}
