import Foundation
import Testing

@Suite("cache import") struct CacheImportTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/import")

    private let folder: Folder
    private let command = ["cache", "import", "--recipe", "import.yaml", "--cache", "out"]
    private let source = [
        "--from", "images.h5", "--dataset", "logits", "--keys", "names", "--logits",
        "--temperature", "2",
    ]

    init() throws {
        folder = try Folder()
        try folder.write(
            "images.h5", Data(contentsOf: Self.fixtures.appendingPathComponent("images.h5")))
        let recipe = """
            extends: base.yaml
            name: imported
            teacher: {card: made.yaml, precision: fp32}
            cache: {epochs: 2, encoding: dense, groups_per_part: 3}
            loss: {kl: 0.8, ce: 0.2}

            """
        try folder.write("import.yaml", Data(recipe.utf8))
    }

    private struct Expected: Decodable { let images: [String: [Double]] }
    private struct Listing: Decodable {
        struct Row: Decodable { let probabilities: [Double] }
        let rows: [Row]
    }

    @Test("an import makes the card, and a student of that recipe learns from it")
    func student() throws {
        let run = try Program.run(command + source + ["--json"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("responses of both partners are blended by lambda"))
        #expect(run.output.contains("\"blended\":true"))
        #expect(run.output.contains("\"built\":4"))
        let info = try Program.run(["cache", "info", "--cache", "out"], in: folder)
        #expect(info.output.contains("teacher.responses: imported, blended"))
        let train = ["train", "--cache", "out", "--max-steps", "2", "--recipe"]
        let student = try Program.run(train + ["import.yaml", "--out", "run"], in: folder)
        #expect(student.status == 0, "\(student.errors)")

        // The card says everything now; what is given beside it must agree.
        let again = try Program.run(command + ["--json"], in: folder)
        #expect(again.output.contains("\"skipped\":4"), "\(again.errors)")
        let other = try Program.run(command + ["--temperature", "3"], in: folder)
        #expect(
            other.lastError
                == "Error: \(folder.path)/made.yaml: says 2.0, --temperature says 3.0; a student "
                + "accepts only what the recipe's card says: mend the card, or leave the option out"
        )

        // A recipe whose card says another temperature does not take the cache.
        let card = String(decoding: try folder.data("made.yaml"), as: UTF8.self)
        try folder.write(
            "made.yaml",
            Data(card.replacingOccurrences(of: "temperature: 2.0", with: "temperature: 1.0").utf8))
        let refused = try Program.run(train + ["import.yaml", "--out", "no"], in: folder)
        #expect(refused.status == 1)
        #expect(
            refused.errors.contains(
                "teacher.architecture: precomputed dataset=logits keys=names values=logits "
                    + "temperature=2.0 in the cache, precomputed dataset=logits keys=names "
                    + "values=logits temperature=1.0 here"), "\(refused.errors)")
    }

    @Test("of several teachers, the one that is named gets its card and its cache")
    func several() throws {
        let teachers = "[{card: card.yaml, weight: 1}, {card: made.yaml}]"
        let override = ["--set", "teacher=none", "--set", "teachers=\(teachers)"]
        let unnamed = try Program.run(command + source + override, in: folder)
        #expect(
            unnamed.errors
                == "Error: recipe imported has 2 teachers: pass --teacher NAME, one of tiny, made\n"
        )
        let run = try Program.run(
            command + source + override + ["--teacher", "made"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            String(decoding: try folder.data("made.yaml"), as: UTF8.self)
                .hasPrefix("name: made\nkind: precomputed\n"))
        // The same cache as that of a recipe with this teacher alone.
        let again = try Program.run(command + ["--json"], in: folder)
        #expect(again.output.contains("\"skipped\":4"), "\(again.errors)")
    }

    @Test("without mixing, each image has the response of its row") func rows() throws {
        let run = try Program.run(
            command + source + ["--set", "view.mix=none", "--json"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("\"blended\":false"))
        let info = try Program.run(["cache", "info", "--cache", "out"], in: folder)
        #expect(info.output.contains("teacher.responses: imported\n"))
        let listing = try JSONDecoder().decode(
            Listing.self,
            from: Data(
                Program.run(
                    [
                        "cache", "rows", "--cache", "out", "--epoch", "1", "--slots", "0..<48",
                        "--json",
                    ],
                    in: folder
                ).output.utf8))
        let expected = try JSONDecoder().decode(
            Expected.self,
            from: Data(contentsOf: Self.fixtures.appendingPathComponent("expected.json")))
        // 48 slots show each of the 48 images once, in the plan's order.
        var left = Array(expected.images.values)
        for row in listing.rows {
            // The cache's halves.
            let found = left.firstIndex { other in
                zip(row.probabilities, other).allSatisfy { abs($0 - $1) < 1e-3 }
            }
            left.remove(at: try #require(found))
        }
        #expect(left.isEmpty)
    }

    @Test("what cannot be imported is one line, and leaves no cache") func refused() throws {
        func fails(_ arguments: [String], _ text: String) throws {
            let run = try Program.run(arguments, in: folder)
            #expect(run.status != 0)
            #expect(run.lastError == "Error: \(text)")
            #expect(!folder.exists("out"))
        }
        try fails(
            command,
            "\(folder.path)/made.yaml: there is no such teacher card; --from, --dataset and --logits "
                + "or --probabilities make one")
        let image = try folder.data("train/c0/0.jpg")
        try folder.write("train/c0/0-more.jpg", image)
        try fails(
            command + source,
            "images.h5: dataset 'names' has no key for the image c0/0-more.jpg: "
                + "neither its path nor its name is there")
        try FileManager.default.removeItem(atPath: "\(folder.path)/train/c0/0-more.jpg")
        // The card is there now.
        let teacher = "teacher images is a file of precomputed responses and cannot be run; "
        try fails(
            ["cache", "build", "--recipe", "import.yaml", "--cache", "out"],
            teacher + "`understudy cache import` brings them into a cache")
        try fails(
            ["eval", "--teacher", "made.yaml", "--data", "val"],
            teacher + "`understudy cache import` brings them into a cache")
        try fails(
            ["cache", "import", "--recipe", "student.yaml", "--cache", "out"],
            "teacher tiny is a network (beit), not a file of responses; `understudy cache build` "
                + "runs it")
        var file = try folder.data("images.h5")
        file.append(0)
        try folder.write("images.h5", file)
        let run = try Program.run(command, in: folder)
        #expect(run.lastError.contains("fetch the right file or mend the card"))
        #expect(!folder.exists("out"))
    }

    @Test("a row that is no response is named before anything is written") func badRow() throws {
        let bad = try Program.run(
            command + [
                "--from", "images.h5", "--dataset", "logits", "--keys", "names", "--probabilities",
            ], in: folder)
        #expect(bad.status == 1)
        let place = "Error: images.h5: dataset 'logits', row "
        #expect(bad.lastError.hasPrefix(place), "\(bad.errors)")
        #expect(!folder.exists("out"))
    }
}
