import Base
import Testing

@Suite("Listing") struct ListingTests {
    @Test("a list ends after five, with the number of the rest") func five() {
        #expect([String]().listed == "")
        #expect(["a", "b"].listed == "a, b")
        #expect(["a", "b", "c", "d", "e"].listed == "a, b, c, d, e")
        #expect((0..<100).map { "n\($0)" }.listed == "n0, n1, n2, n3, n4 and 95 more")
    }

    @Test("a long name is cut after 80 characters, a short one is not") func clipped() {
        let name = String(repeating: "x", count: 80)
        #expect(name.clipped == name)
        #expect((name + "y").clipped == name + "…")
        #expect("fc.weight".quoted == "'fc.weight'")
        // One letter with a hundred thousand accents is one Character, and is cut all the same.
        let accents = "e" + String(repeating: "\u{301}", count: 100_000)
        #expect(accents.clipped.unicodeScalars.count == 81)
    }

    @Test("a message of any length keeps its beginning and its end") func abridged() {
        let long = "begin" + String(repeating: "x", count: 10_000_000) + "end"
        #expect(long.abridged.count == 1203)
        #expect(long.abridged.hasPrefix("begin") && long.abridged.hasSuffix("end"))
        let fits = String(repeating: "x", count: 2000)
        #expect(fits.abridged == fits)
    }
}
