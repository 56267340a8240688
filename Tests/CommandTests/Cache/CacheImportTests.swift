import Foundation
import Testing

@Suite("cache import") struct CacheImportTests {
    private static let fixtures = Repository.url("Tests/Fixtures/import")

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
        #expect(run.output.contains("\"agreement\":{"))
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
            Data(card.replacingOccurrences(of: "temperature: 2\n", with: "temperature: 1\n").utf8))
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

    @Test("responses whose classes are in another order are told by the labels, with a warning")
    func order() throws {
        // 144 views: of less than a hundred nothing is said.
        let epochs = ["--set", "cache.epochs=3"]
        let run = try Program.run(command + source + epochs, in: folder)
        #expect(run.status == 0, "\(run.errors)")
        let figure =
            /labels:? +(the teacher's first class in ([\d.]+) % of 144 views \(([\d.]+) % by chance\))/
        let told = try #require(run.output.firstMatch(of: figure), "\(run.output)")
        let recipe = ["cache", "info", "--cache", "out", "--recipe", "import.yaml"] + epochs
        let info = try Program.run(recipe, in: folder)
        #expect(try #require(info.output.firstMatch(of: figure)).1 == told.1)
        let warning =
            "warning: the teacher's first class is a label of \(told.2) % of the views, \(told.3) % by "
            + "chance: are its classes in the data's order?\n"
        // The file's logits are random.
        #expect(run.errors.contains(warning) && info.errors == warning, "\(run.errors)")
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

    private static let card = """
        name: images
        kind: precomputed
        classes: 4
        responses: {dataset: logits, keys: names, values: logits, temperature: 2}
        weights: {file: images.h5, sha256: c51dc346b9d011adf843e8625e46ead5048db59eb9a1b87535d5d8d538ac8d5d}
        source: a test

        """

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
                + "neither its path nor an end of it is there; the first key is 'c3/39.jpg'")
        #expect(!folder.exists("made.yaml"))
        try FileManager.default.removeItem(atPath: "\(folder.path)/train/c0/0-more.jpg")
        try folder.write("made.yaml", Data(Self.card.utf8))
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

    /// A file that h5py made, of responses to the 48 images of the folder; see
    /// Tests/Fixtures/import/make_doubtful_fixtures.py.
    private func copy(_ fixture: String, to name: String) throws {
        try folder.write(
            name, Data(contentsOf: Self.fixtures.appendingPathComponent("\(fixture).h5")))
    }

    private func options(_ file: String, _ dataset: String, _ more: String...) -> [String] {
        ["--from", file, "--dataset", dataset, "--keys", "names"] + more
    }

    @Test("an import that is refused leaves neither a card nor a cache, and the mended one goes on")
    func nothingLeft() throws {
        try copy("images-doubtful", to: "images.h5")
        let before = Set(try folder.contents(".").keys)
        func fails(_ arguments: [String], _ text: String) throws {
            let run = try Program.run(command + arguments, in: folder)
            #expect(run.status == 1)
            #expect(run.lastError == "Error: images.h5: \(text)")
            let left = Set(try folder.contents(".").keys).subtracting(before)
            #expect(left.allSatisfy { $0.hasPrefix(".out-") || $0.hasPrefix(".err-") }, "\(left)")
        }
        try fails(
            options("images.h5", "zeros", "--logits"),
            "dataset 'zeros', row 30 ('c2/46.jpg'): all 4 logits are 0.0: was it written?")
        try fails(
            options("images.h5", "gaps", "--logits"),
            "dataset 'gaps', row 30 ('c2/46.jpg'): was never written")
        try fails(
            options("images.h5", "nan", "--logits"),
            "dataset 'nan', row 3 ('c3/23.jpg'): the logit of class 0 is nan")
        try fails(
            options("images.h5", "shares", "--logits"),
            "dataset 'shares': no number is negative, and each row sums to 1: these are "
                + "probabilities; pass --probabilities")
        try fails(
            options("images.h5", "transposed", "--logits"),
            "dataset 'transposed' has 48 classes, card images says 4; store it as [images, classes], "
                + "not the other way")
        try fails(
            ["--from", "images.h5", "--dataset", "shares", "--keys", "name", "--logits"],
            "has no dataset 'name'; it has absolute, gaps, names, nan, shares and more")
        // A cache that holds something else is there: the card is taken back.
        try folder.write("out/notes.txt", Data("mine".utf8))
        let foreign = try Program.run(
            command + options("images.h5", "shares", "--probabilities"), in: folder)
        #expect(foreign.status == 1 && !folder.exists("made.yaml"), "\(foreign.errors)")
        try FileManager.default.removeItem(atPath: "\(folder.path)/out")

        let mended = try Program.run(
            command + options("images.h5", "shares", "--probabilities"), in: folder)
        #expect(mended.status == 0 && folder.exists("made.yaml"), "\(mended.errors)")
    }

    @Test("absolute keys are matched by the ends of paths, in so many words") func absolute() throws
    {
        try copy("images-doubtful", to: "images.h5")
        let run = try Program.run(
            command + ["--from", "images.h5", "--dataset", "shares", "--keys", "absolute"]
                + ["--probabilities"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            run.errors.contains(
                "48 of 48 images are matched by the ends of paths, such as c0/0.jpg by the key "
                    + "'/data/imagenet/train/c0/0.jpg'\n"), "\(run.errors)")
    }

    @Test(
        "a card is written so that any name reads back",
        arguments: ["384", "nan", "on", "y", "2024", "1e3", "null", "1_000", "2024-01-01", ".inf"])
    func quoted(_ name: String) throws {
        try copy("images-doubtful", to: "\(name).h5")
        let run = try Program.run(
            command + options("\(name).h5", "shares", "--probabilities"), in: folder)
        #expect(run.status == 0, "\(run.errors)")
        // Read back by the same command, and by YAML's other readers as a text.
        let card = try String(decoding: folder.data("made.yaml"), as: UTF8.self)
        #expect(card.hasPrefix("name: \""), "\(card)")
        let again = try Program.run(command + ["--json"], in: folder)
        #expect(again.output.contains("\"skipped\":4"), "\(again.errors)")
    }

    @Test("a file whose name would forge a line, or be YAML, is quoted") func oddNames() throws {
        let names = [
            "a: b #c", "x\nError: y", "tab\tand\u{85}\u{2028}\u{202E}end", "é \"q\" \\",
        ]
        for name in names {
            try copy("images-doubtful", to: "\(name).h5")
            let run = try Program.run(
                command + options("\(name).h5", "shares", "--probabilities"), in: folder)
            #expect(run.status == 0, "\(run.errors)")
            let again = try Program.run(command + ["--json"], in: folder)
            #expect(again.output.contains("\"skipped\":4"), "\(again.errors)")
            for made in ["made.yaml", "out"] {
                try FileManager.default.removeItem(atPath: "\(folder.path)/\(made)")
            }
        }
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
