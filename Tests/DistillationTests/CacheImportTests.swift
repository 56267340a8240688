import Foundation
import ResponseCache
import Testing

@testable import Distillation
@testable import Views
@testable import Recipes

@Suite("Importing responses") struct CacheImportTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/import").path

    private struct Expected: Decodable {
        let classes: Int
        let lambda: Double
        let blended: [Double]
    }

    @Test("both partners' responses are blended by λ as numpy blends them") func blending() throws {
        let expected = try JSONDecoder().decode(
            Expected.self,
            from: Data(contentsOf: URL(fileURLWithPath: "\(Self.fixtures)/expected.json")))
        let responses = try ForeignResponses(
            path: "\(Self.fixtures)/good.h5", dataset: "views32", values: .logits, temperature: 1)
        let rows = try responses.probabilities(view: 1, rows: Array(0..<7))
        let blended = ImportedResponses.blended(
            rows, lambda: expected.lambda, classes: expected.classes)
        #expect(blended.count == expected.blended.count)
        // One rounding to float32.
        for (one, other) in zip(blended, expected.blended) {
            #expect(abs(Double(one) - other) <= other * 0x1p-23)
        }
        #expect(ImportedResponses.blended(rows, lambda: 1, classes: 5) == rows.map(Float.init))
    }

    @Test("of a class map's columns the rows keep each one's share of theirs") func classMap()
        throws
    {
        let responses = try ForeignResponses(
            path: "\(Self.fixtures)/good.h5", dataset: "views32", values: .logits, temperature: 1)
        let rows = try responses.probabilities(view: 0, rows: [0, 1])
        let found = try ImportedResponses.selected([4, 1], of: rows, classes: 5) { _ in "a row" }
        for row in 0..<2 {
            let (four, one) = (rows[row * 5 + 4], rows[row * 5 + 1])
            #expect(found[row * 2] == four / (four + one))
            #expect(found[row * 2 + 1] == one / (four + one))
        }
        #expect(
            throws: TrainingError(
                "row 7 gives none of the card's class_map any probability; leave the image out of "
                    + "the data")
        ) { try ImportedResponses.selected([0, 2], of: [0, 1, 0], classes: 3) { _ in "row 7" } }
    }

    @Test("rows follow the sorted paths, whatever the data set's order") func sorted() throws {
        let match = ResponseMatch(
            file: "f.h5", dataset: "logits", images: ["b/1.jpg", "a/é.jpg", "a/z.jpg", "B/2.jpg"])
        #expect(try match.rows(count: 4) == [3, 2, 1, 0])
        #expect(
            throws: TrainingError(
                "f.h5: dataset 'logits' has 5 rows for 4 images; without keys there must be one for "
                    + "each, in the order of sorted paths")
        ) { try match.rows(count: 5) }
    }

    private static func match(_ images: String...) -> ResponseMatch {
        ResponseMatch(file: "f.h5", dataset: "names", images: images)
    }

    @Test("rows are found by path, or by a name that one image has") func keys() throws {
        let match = Self.match("a/1.jpg", "a/2.jpg", "b/1.jpg")
        #expect(
            try match.rows(keys: ["x", "b/1.jpg", "2.jpg", "a/1.jpg"]) == .init(rows: [3, 2, 1]))
        #expect(
            throws: TrainingError(
                "f.h5: dataset 'names' has no key for the image a/2.jpg: neither its path nor an end "
                    + "of it is there; the first key is 'a/1.jpg'")
        ) { try match.rows(keys: ["a/1.jpg", "b/1.jpg"]) }
        #expect(
            throws: TrainingError(
                "f.h5: dataset 'names' has the key '1.jpg', which fits 2 images, a/1.jpg among them; "
                    + "use relative paths as keys")
        ) { try match.rows(keys: ["1.jpg", "2.jpg"]) }
    }

    @Test("rows are found by the ends of paths where one image and one key share them")
    func ends() throws {
        let match = Self.match("a/1.jpg", "a/2.jpg", "b/1.jpg")
        let absolute = try match.rows(
            keys: ["/d/b/1.jpg", "/d/c/1.jpg", "/d/a/1.jpg", "/e/a/2.jpg"])
        #expect(absolute == .init(rows: [2, 3, 0], byEnds: 3))
        #expect(absolute.example?.key == "/d/a/1.jpg" && absolute.example?.image == "a/1.jpg")
        #expect(
            try match.rows(keys: [#"C:\d\a\1.jpg"#, #"C:\d\a\2.jpg"#, #"C:\d\b\1.jpg"#])
                == .init(rows: [0, 1, 2], byEnds: 3))
        #expect(
            try match.rows(keys: ["./a/1.jpg", "a/2.jpg", "/x/b/1.jpg"])
                == .init(rows: [0, 1, 2], byEnds: 1))
        // Images may lie deeper than the keys say.
        #expect(
            try Self.match("train/a/1.jpg", "train/b/1.jpg").rows(keys: ["b/1.jpg", "a/1.jpg"])
                == .init(rows: [1, 0], byEnds: 2))
        // An end is whole names.
        #expect(throws: TrainingError.self) {
            try Self.match("a/1.jpg").rows(keys: ["/d/aa/1.jpg"])
        }
        #expect(
            throws: TrainingError(
                "f.h5: dataset 'names' has several keys for the image a/1.jpg: '/d/a/1.jpg' and "
                    + "'/e/a/1.jpg'; use relative paths as keys")
        ) { try Self.match("a/1.jpg").rows(keys: ["/d/a/1.jpg", "/e/a/1.jpg"]) }
        #expect(
            throws: TrainingError(
                "f.h5: dataset 'names' has the key '/d/x/a/1.jpg', which fits 2 images, a/1.jpg among "
                    + "them; use relative paths as keys")
        ) { try Self.match("a/1.jpg", "x/a/1.jpg").rows(keys: ["/d/x/a/1.jpg"]) }
    }

    @Test("the fingerprint says blended only where the recipe mixes") func description() {
        func text(_ probability: Double, _ mixup: Double, _ cutmix: Double) -> String {
            CacheImport.description(
                .init(probability: probability, mixup: mixup, cutmix: cutmix, switch: 0.5))
        }
        #expect(text(1, 0.2, 1) == "imported, blended")
        #expect(text(0.1, 0, 1) == "imported, blended")
        #expect(text(0, 0.2, 1) == "imported")
        #expect(text(1, 0, 0) == "imported")
        #expect(CacheImport.description(nil) == "imported")
    }
}
