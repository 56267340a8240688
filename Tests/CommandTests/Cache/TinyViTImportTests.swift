import Foundation
import Testing

/// A file that tools/convert_tinyvit.py made; see Tests/Fixtures/import/make_tinyvit_fixtures.py.
@Suite("cache import of what TinyViT saved") struct TinyViTImportTests {
    private static let fixtures = Repository.url("Tests/Fixtures/import")
    private static let (images, classes) = (12, 10)

    private struct Listing: Decodable {
        struct Row: Decodable { let probabilities: [Double] }
        let rows: [Row]
    }

    private struct Views: Decodable {
        struct Slot: Decodable { let path: String }
        let slots: [Slot]
    }

    @Test("each cached epoch has the rows of one of TinyViT's, the rest shared evenly")
    func rows() throws {
        let folder = try Folder()
        let image = try folder.data("train/c0/0.jpg")
        for index in 0..<Self.images {
            let label = "n0\(index % Self.classes)"
            try folder.write("few/\(label)/\(label)_\(index).jpg", image)
        }
        try folder.write(
            "tinyvit.h5", Data(contentsOf: Self.fixtures.appendingPathComponent("tinyvit.h5")))
        let recipe = """
            extends: base.yaml
            name: few
            data: {train: few, val: few, classes: 10}
            view: {mix: none}
            batch: {size: 12, group: 6}
            teacher: {card: made.yaml, precision: fp32}
            cache: {epochs: 2, encoding: dense, groups_per_part: 2}
            loss: {kl: 0.8, ce: 0.2}

            """
        try folder.write("few.yaml", Data(recipe.utf8))
        let run = try Program.run(
            [
                "cache", "import", "--recipe", "few.yaml", "--cache", "out", "--from", "tinyvit.h5",
                "--dataset", "probabilities", "--keys", "names", "--probabilities", "--json",
            ], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("\"rows\":24"))
        #expect(run.output.contains("\"views\":2"))

        let expected = try JSONDecoder().decode(
            [[[Double]]].self,
            from: Data(contentsOf: Self.fixtures.appendingPathComponent("tinyvit.json")))
        let slots = "0..<\(Self.images)"
        for (epoch, rows) in expected.enumerated() {
            let listing = try JSONDecoder().decode(
                Listing.self,
                from: Data(
                    Program.run(
                        [
                            "cache", "rows", "--cache", "out", "--epoch", "\(epoch)", "--slots",
                            slots, "--json",
                        ], in: folder
                    ).output.utf8))
            let views = try Program.run(
                [
                    "views", "--recipe", "few.yaml", "--epoch", "\(epoch)", "--slots", slots,
                    "--params", "views.json",
                ], in: folder)
            #expect(views.status == 0, "\(views.errors)")
            let shown = try JSONDecoder().decode(Views.self, from: folder.data("views.json")).slots
            #expect(Set(shown.map(\.path)).count == Self.images)
            #expect(listing.rows.count == Self.images)
            for (row, slot) in zip(listing.rows, shown) {
                let number = slot.path.dropLast(".jpg".count).split(separator: "_").last
                let image = try #require(number.flatMap { Int($0) })
                for (value, other) in zip(row.probabilities, rows[image]) {
                    // Rounded to halves twice: by the converter and by the cache.
                    #expect(abs(value - other) < 0x1p-10, "\(slot.path), epoch \(epoch)")
                }
            }
        }
    }
}
