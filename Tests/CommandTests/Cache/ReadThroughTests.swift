import Foundation
import Testing

@Suite("Training from a cache that is not whole", .serialized) struct ReadThroughTests {
    /// Three epochs from two cached ones.
    private static func train(_ cache: String, _ out: String) -> [String] {
        [
            "train", "--recipe", "student.yaml", "--set", "schedule.epochs=3", "--cache", cache,
            "--out", out, "--resume",
        ]
    }

    /// A folder with a run trained from the whole cache.
    private func reference() throws -> Folder {
        let folder = try Folder.prepared()
        let outcome = try Program.run(Self.train("cache", "whole"), in: folder)
        try #require(outcome.status == 0, "\(outcome.errors)")
        return folder
    }

    /// How often a teacher agrees with the labels, as a result or a look at a cache has it.
    private func agreement(_ json: Data) throws -> Agreement {
        struct Told: Decodable {
            struct Teacher: Decodable { let agreement: Agreement }
            let teachers: [Teacher]?
            let agreement: Agreement?
        }
        let told = try JSONDecoder().decode(Told.self, from: json)
        return try #require(told.agreement ?? told.teachers?.first?.agreement)
    }

    private struct Agreement: Decodable, Equatable {
        let views: Int
        let share, chance: Double
    }

    private func expectSame(_ run: String, in folder: Folder) throws {
        for file in ["average.safetensors", "best.safetensors"] {
            #expect(try folder.data("\(run)/\(file)") == folder.data("whole/\(file)"), "\(file)")
        }
    }

    @Test("the first student builds the cache and ends with the same bits") func builds() throws {
        let folder = try reference()
        let first = try Program.run(
            Self.train("new", "first") + ["--build-cache"], in: folder)
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.errors.contains("computing what is missing: 4 parts of epochs 0..<2\n"))
        #expect(try folder.contents("new") == folder.contents("cache"))
        try expectSame("first", in: folder)
        // Nothing could be told before the first step: 48 views have responses after the first epoch,
        // and 96 in the end.
        let labels =
            /labels: the teacher's first class in [\d.]+ % of (\d+) views \([\d.]+ % by chance\)/
        #expect(first.errors.matches(of: labels).map { $0.1 } == ["48"], "\(first.errors)")
        #expect(first.output.matches(of: labels).map { $0.1 } == ["96"], "\(first.output)")
        #expect(first.output.split(separator: "\n").last?.hasPrefix("result: ") == true)
        let info = try Program.run(
            ["cache", "info", "--cache", "new", "--recipe", "student.yaml", "--json"], in: folder)
        #expect(
            try agreement(folder.data("first/result.json")) == agreement(Data(info.output.utf8)))
        // From now on no teacher is needed, and the option does no harm.
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/teacher", toPath: "\(folder.path)/gone")
        let second = try Program.run(
            Self.train("new", "second") + ["--build-cache"], in: folder)
        #expect(second.status == 0, "\(second.errors)")
        try expectSame("second", in: folder)
    }

    @Test("resumed within a part that has gone, it builds that part again") func resumed() throws {
        let folder = try reference()
        // The first part ends within the second step.
        let train = Self.train("new", "run") + ["--build-cache"]
        try Program.run(train + ["--max-steps", "1"], in: folder)
        let part = "new/epoch-0000/part-00000.h5"
        try #require(folder.exists(part))
        #expect(!folder.exists("new/epoch-0000/part-00001.h5"))
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(part)")
        let rest = try Program.run(train, in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(try folder.contents("new") == folder.contents("cache"))
        try expectSame("run", in: folder)
    }

    /// What a program has written once `text` is in it, or after a minute.
    @discardableResult
    private func awaitLine(_ text: String, in file: URL) throws -> String {
        let deadline = Date(timeIntervalSinceNow: 60)
        var written = ""
        while !written.contains(text), Date() < deadline {
            Thread.sleep(forTimeInterval: 0.05)
            written = try String(contentsOf: file, encoding: .utf8)
        }
        return written
    }

    @Test("it follows a build from before its beginning, and says so once") func waits() throws {
        let folder = try reference()
        let errors = URL(fileURLWithPath: "\(folder.path)/errors")
        let process = try Program.start(
            Self.train("new", "run") + ["--wait"], in: folder.path,
            output: URL(fileURLWithPath: "\(folder.path)/output"), errors: errors)
        try awaitLine("which another process is to", in: errors)
        let build = ["cache", "build", "--recipe", "student.yaml", "--cache", "new"]
        for epochs in ["1..<2", "0..<1"] {
            #expect(!folder.exists("run/result.json"))
            try Program.run(build + ["--epochs", epochs], in: folder)
        }
        process.waitUntilExit()
        let text = try String(contentsOf: errors, encoding: .utf8)
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text.components(separatedBy: "which another process is to").count == 2, "\(text)")
        try expectSame("run", in: folder)
    }

    @Test("Ctrl-C while it waits saves, and it goes on to the same bits") func interrupted() throws
    {
        let folder = try reference()
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/cache/epoch-0001/part-00000.h5",
            toPath: "\(folder.path)/kept.h5")
        let errors = URL(fileURLWithPath: "\(folder.path)/errors")
        let process = try Program.start(
            Self.train("cache", "run") + ["--wait"], in: folder.path,
            output: URL(fileURLWithPath: "\(folder.path)/output"), errors: errors)
        var text = try awaitLine("which another process is to", in: errors)
        #expect(
            text.contains(
                "waiting for epoch 1, part 0 of cache, which another process is to build; "
                    + "Ctrl-C saves and ends\n"))
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        text = try String(contentsOf: errors, encoding: .utf8)
        #expect(
            text.hasSuffix(
                "stopped after step 2, which is saved; the same command with --resume goes on from "
                    + "there\n"))
        try FileManager.default.moveItem(
            atPath: "\(folder.path)/kept.h5",
            toPath: "\(folder.path)/cache/epoch-0001/part-00000.h5")
        let rest = try Program.run(Self.train("cache", "run"), in: folder)
        #expect(rest.status == 0, "\(rest.errors)")
        try expectSame("run", in: folder)
    }

    @Test("replayed epochs are recorded in the run") func replay() throws {
        let folder = try Folder.prepared()
        let outcome = try Program.run(Self.train("cache", "run"), in: folder)
        #expect(
            outcome.errors.contains(
                "the cache's 2 epochs are replayed: epoch e of the 3 sees the views of epoch "
                    + "e mod 2\n"), "\(outcome.errors)")
        let metrics = try folder.lines("run/metrics.jsonl")
        #expect(metrics.map { $0["view_epoch"] } == [0, 1, 0])
        let result = try JSONSerialization.jsonObject(with: folder.data("run/result.json"))
        #expect((result as? [String: Any])?["replayed_epochs"] as? Int == 2)
        let teacher = try JSONSerialization.jsonObject(with: folder.data("teacher/result.json"))
        #expect((teacher as? [String: Any])?["replayed_epochs"] == nil)
    }

    @Test("with labels alone there is nothing to build or wait for") func labels() throws {
        let folder = try Folder()
        let outcome = try Program.run(
            ["train", "--recipe", "base.yaml", "--out", "run", "--wait"], in: folder)
        #expect(outcome.status == 1)
        #expect(
            outcome.lastError == "Error: recipe base learns from labels alone (loss.kl 0.0): leave "
                + "out --build-cache and --wait")
        #expect(!folder.exists("run"))
    }
}
