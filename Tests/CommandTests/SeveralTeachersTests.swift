import Foundation
import ResponseCache
import Testing

@Suite("Several teachers", .serialized) struct SeveralTeachersTests {
    private static let short = "schedule={epochs: 1, warmup: 0, cooldown: 0, final_ratio: 0.01}"

    private static let card = """
        name: second
        kind: resnet
        classes: 4
        architecture: {depth: 18}
        preprocessing: {size: 40, resize: 44, interpolation: bicubic, mean: [0.4, 0.4, 0.4], std: [0.2, 0.2, 0.2]}
        weights: {file: second/average.safetensors, sha256: null}
        source: trained by the test
        """

    private static let both = """
        extends: student.yaml
        name: both
        teacher: none
        teachers: [{card: card.yaml, weight: 3}, {card: second.yaml}]
        schedule: {epochs: 3}

        """

    /// A folder with two teachers of other architectures and sizes, and the cache of the first.
    private func prepared() throws -> Folder {
        let folder = try Folder.prepared()
        try folder.write("second.yaml", Data(Self.card.utf8))
        try folder.write("both.yaml", Data(Self.both.utf8))
        try succeed(
            ["train", "--recipe", "base.yaml", "--out", "second", "--set", Self.short], folder)
        return folder
    }

    /// The same, with the second's cache, which stores every class.
    private func cached() throws -> Folder {
        let folder = try prepared()
        try succeed(
            Self.build("dense", "second") + [
                "--set", "cache={encoding: dense, top_k: none, groups_per_part: 2}",
            ], folder)
        return folder
    }

    private static func build(_ cache: String, _ teacher: String) -> [String] {
        ["cache", "build", "--recipe", "both.yaml", "--cache", cache, "--teacher", teacher]
    }

    private static func train(_ caches: String..., out: String) -> [String] {
        ["train", "--recipe", "both.yaml", "--out", out, "--trace", "\(out).jsonl", "--resume"]
            + caches.flatMap { ["--cache", $0] }
    }

    @discardableResult
    private func succeed(_ arguments: [String], _ folder: Folder) throws -> Program.Outcome {
        let outcome = try Program.run(arguments, in: folder)
        try #require(outcome.status == 0, "\(arguments): \(outcome.errors)")
        return outcome
    }

    private func fail(_ arguments: [String], _ folder: Folder, _ text: String) throws {
        let outcome = try Program.run(arguments, in: folder)
        #expect(outcome.status != 0, "\(arguments)")
        #expect(
            outcome.errors.replacingOccurrences(of: folder.path, with: "…") == "Error: \(text)\n")
    }

    private func expectSame(_ one: String, _ other: String, in folder: Folder) throws {
        /// What follows the header, in which the recipe's digest stands.
        func tensors(_ file: String) throws -> Data {
            let data = try folder.data(file)
            let header = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            return data.dropFirst(8 + header)
        }
        for file in ["average.safetensors", "best.safetensors"] {
            #expect(try tensors("\(one)/\(file)") == tensors("\(other)/\(file)"), "\(file)")
        }
        #expect(try folder.data("\(one).jsonl") == folder.data("\(other).jsonl"))
    }

    @Test("a student of two caches records them, and neither order nor a stop changes a bit")
    func student() throws {
        let folder = try cached()
        let whole = try succeed(Self.train("dense", "cache", out: "whole"), folder)
        #expect(
            whole.errors.contains("the target is 0.75 tiny (cache) + 0.25 second (dense)\n"),
            "\(whole.errors)")
        let result = try #require(
            JSONSerialization.jsonObject(with: folder.data("whole/result.json"))
                as? [String: Any])
        let teachers = try #require(result["teachers"] as? [[String: Any]])
        #expect(teachers.compactMap { $0["name"] as? String } == ["tiny", "second"])
        #expect(teachers.compactMap { $0["weight"] as? Double } == [0.75, 0.25])
        #expect(teachers.compactMap { $0["cache"] as? String } == ["cache", "dense"])

        let part = Self.train("cache", "dense", out: "part")
        try succeed(part + ["--max-steps", "3"], folder)
        try succeed(part, folder)
        try expectSame("part", "whole", in: folder)

        // The resolved recipe runs as it stands.
        try succeed(
            [
                "train", "--recipe", "whole/recipe.yaml", "--cache", "cache", "--cache", "dense",
                "--out", "again", "--trace", "again.jsonl",
            ], folder)
        #expect(try folder.data("again/recipe.yaml") == folder.data("whole/recipe.yaml"))
        try expectSame("again", "whole", in: folder)
    }

    @Test("learning from two caches is learning from one that holds their mean")
    func mean() throws {
        let folder = try cached()
        // Multiples of 1/64, of which truncation to two classes makes multiples of 1/128 and the
        // mean multiples of 1/512: a half holds all of them.
        let first = try rounded("cache", to: "first", .topK(2), in: folder)
        let second = try rounded("dense", to: "second-cache", .dense, in: folder)
        let manifest = first.manifest
        let mean = try builder("mean", like: manifest, .dense, in: folder)
        for part in mean.missingParts(epochs: 0..<manifest.epochs) {
            let rows = try zip(rows(first, part), rows(second, part)).map { 0.75 * $0 + 0.25 * $1 }
            try publish(rows, as: part, with: mean, pixelsOf: first)
        }
        try succeed(Self.train("first", "second-cache", out: "two"), folder)
        func loss(_ cache: String, _ teacher: String, _ options: String...) throws -> Double {
            try succeed(
                [
                    "train", "--recipe", "student.yaml", "--set", "teacher.card=\(teacher)",
                    "--set", "schedule.epochs=3", "--set", "name=both",
                    "--cache", cache, "--out", "of-\(cache)", "--trace", "of-\(cache).jsonl",
                ] + options, folder)
            return try #require(folder.lines("of-\(cache).jsonl").first?["loss"])
        }
        let two = try #require(folder.lines("two.jsonl").first?["loss"])
        #expect(abs(try loss("mean", "card.yaml") - two) < 1e-6)
        try expectSame("two", "of-mean", in: folder)
        // The comparison would see another target.
        #expect(abs(try loss("first", "card.yaml", "--max-steps", "1") - two) > 1e-4)
        #expect(
            abs(try loss("second-cache", "second.yaml", "--max-steps", "1") - two) > 1e-4)
    }

    /// A copy of a cache whose probabilities are multiples of 1/64.
    private func rounded(
        _ source: String, to copy: String, _ encoding: RowEncoding, in folder: Folder
    ) throws -> CacheReader {
        let reader = try CacheReader(directory: "\(folder.path)/\(source)")
        let classes = reader.manifest.classes
        let builder = try builder(copy, like: reader.manifest, encoding, in: folder)
        for part in builder.missingParts(epochs: 0..<reader.manifest.epochs) {
            var rows = try rows(reader, part).map { ($0 * 64).rounded(.down) / 64 }
            for start in stride(from: 0, to: rows.count, by: classes) {
                rows[start] += 1 - rows[start..<start + classes].reduce(0, +)
            }
            try publish(rows, as: part, with: builder, pixelsOf: reader)
        }
        return try CacheReader(directory: builder.directory)
    }

    /// A new cache of the same identity and other parts.
    private func builder(
        _ name: String, like manifest: CacheManifest, _ encoding: RowEncoding, in folder: Folder
    ) throws -> CacheBuilder {
        try CacheBuilder(
            directory: "\(folder.path)/\(name)",
            manifest: CacheManifest(
                fingerprint: manifest.fingerprint, encoding: encoding, classes: manifest.classes,
                epochs: manifest.epochs, groupsPerEpoch: manifest.groupsPerEpoch,
                groupSize: manifest.groupSize, groupsPerPart: 1, teacher: manifest.teacher,
                createdBy: "a test"))
    }

    private func rows(_ reader: CacheReader, _ part: PartID) throws -> [Float] {
        let size = reader.manifest.groupSize
        // A part of one group.
        return try reader.rows(
            epoch: part.epoch, slots: part.index * size..<(part.index + 1) * size)
    }

    private func publish(
        _ rows: [Float], as part: PartID, with builder: CacheBuilder, pixelsOf reader: CacheReader
    ) throws {
        let writer = try builder.begin(part)
        writer.append(
            rows,
            pixelChecksum: try reader.pixelChecksum(epoch: part.epoch, group: part.index))
        try writer.publish()
    }

    @Test("the first student builds both caches, and ends with the same bits")
    func builds() throws {
        let folder = try prepared()
        try succeed(Self.build("other", "second"), folder)
        try succeed(Self.train("cache", "other", out: "whole"), folder)
        // The recipe's order decides whose cache is made where.
        let first = try succeed(
            Self.train("new-tiny", "new-second", out: "run") + ["--build-cache"], folder)
        for name in ["tiny", "second"] {
            #expect(
                first.errors.contains(
                    "computing what is missing: 4 parts of epochs 0..<2 of teacher \(name)\n"),
                "\(first.errors)")
            let labels = "labels of \(name): the teacher's first class in "
            #expect(first.errors.contains(labels) && first.output.contains("\n\(labels)"))
        }
        // One cache serves the mixture and the recipe of one teacher.
        #expect(try folder.contents("new-tiny") == folder.contents("cache"))
        #expect(try folder.contents("new-second") == folder.contents("other"))
        try expectSame("run", "whole", in: folder)
    }

    @Test("it follows builds of both, whatever the order in which they are named")
    func waits() throws {
        let folder = try prepared()
        let errors = URL(fileURLWithPath: "\(folder.path)/errors")
        let process = try Program.start(
            Self.train("late", "later", out: "run") + ["--wait"], in: folder.path,
            output: URL(fileURLWithPath: "\(folder.path)/output"), errors: errors)
        try succeed(Self.build("later", "tiny"), folder)
        #expect(process.isRunning)
        try succeed(Self.build("late", "second"), folder)
        process.waitUntilExit()
        let text = try String(contentsOf: errors, encoding: .utf8)
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text.contains("the target is 0.75 tiny (later) + 0.25 second (late)\n"), "\(text)")
        try succeed(Self.train("cache", "late", out: "whole"), folder)
        try expectSame("run", "whole", in: folder)
    }

    @Test("commands about one teacher take its name, and ask for it")
    func named() throws {
        let folder = try prepared()
        let which =
            "recipe both has 2 teachers: pass --teacher NAME, one of tiny, second"
        let build = ["cache", "build", "--recipe", "both.yaml", "--cache", "out"]
        try fail(build, folder, which)
        try fail(build + ["--processes", "2"], folder, which)
        try fail(
            Self.build("out", "third"), folder,
            "recipe both has no teacher 'third'; its teachers: tiny, second")
        #expect(!folder.exists("out"))
        let verify = [
            "cache", "verify", "--cache", "out", "--recipe", "both.yaml", "--sample", "2",
        ]
        try succeed(Self.build("out", "second") + ["--processes", "2"], folder)
        #expect(try succeed(["cache", "info", "--cache", "out"], folder).output.contains("second"))
        let sample = try succeed(verify + ["--teacher", "second", "--json"], folder)
        #expect(sample.output.contains("\"failed\":0"))
        try fail(verify, folder, which)
        let other = try Program.run(verify + ["--teacher", "tiny"], in: folder)
        #expect(
            other.errors.contains("  teacher.name: second in the cache, tiny here\n"),
            "\(other.errors)")
    }

    @Test("caches and teachers that do not pair off are one line")
    func unpaired() throws {
        let folder = try cached()
        try fail(
            Self.train(out: "run"), folder,
            "recipe both learns from 2 teachers (loss.kl 0.8): pass --cache DIR for each, made by "
                + "understudy cache build --teacher NAME")
        try fail(
            Self.train("cache", out: "run"), folder,
            "teacher second of recipe both has no cache: pass --cache DIR for it, too, made by "
                + "understudy cache build --teacher second")
        try fail(
            Self.train("cache", "cache", out: "run"), folder,
            "cache and cache both hold the responses of teacher tiny; pass one of them")
        try FileManager.default.removeItem(atPath: "\(folder.path)/dense/epoch-0001")
        try fail(
            Self.train("cache", "dense", out: "run"), folder,
            "dense: 2 of 4 parts are missing, of epoch 1; build them with understudy cache build "
                + "--teacher second, or pass --build-cache to compute them in passing, or --wait to "
                + "follow a build that is running")
        #expect(!folder.exists("run"))
    }

    @Test("a manifest that was altered to other classes is refused")
    func classes() throws {
        let folder = try Folder.prepared()
        let manifest = try String(decoding: folder.data("cache/manifest.json"), as: UTF8.self)
        try folder.write(
            "cache/manifest.json",
            Data(
                manifest.replacingOccurrences(of: "\"classes\" : 4", with: "\"classes\" : 5").utf8))
        try fail(
            ["train", "--recipe", "student.yaml", "--cache", "cache", "--out", "run"], folder,
            "cache: holds responses of 5 classes, recipe student has 4; build it again")
    }

    @Test("plan counts the bytes of both caches, and the time of both teachers")
    func plan() throws {
        let folder = try Folder()
        try folder.write("both.yaml", Data(Self.both.utf8))
        let plan = ["plan", "--images", "48", "--teacher-speed", "0.01", "--recipe"]
        // 2 epochs of 48 views, 3 of 4 classes at 4 bytes each.
        let one = try succeed(plan + ["student.yaml"], folder).output
        #expect(one.contains("\ncache            96 responses of 2 epochs in 4 parts\n"))
        #expect(one.contains("topk 3, 12 B each: 1,152 B"))
        #expect(one.contains("\nteacher          2.7 h"))
        let two = try succeed(plan + ["both.yaml"], folder).output
        #expect(two.contains("\n2 caches         192 responses of 2 epochs in 8 parts\n"))
        #expect(two.contains("topk 3, 12 B each: 2,304 B"))
        #expect(two.contains("\nteacher          5.3 h"))
        let json = try succeed(plan + ["both.yaml", "--json"], folder).output
        #expect(json.contains("\"bytes\":2304,"))
        #expect(json.contains("\"caches\":2,"))
    }
}
