import Base
import Foundation
import Testing

@testable import Distillation

@Suite("Logs of JSON lines") struct JSONLinesTests {
    private let scratch: Scratch
    private var path: String { "\(scratch.path)/log.jsonl" }

    init() throws { scratch = try Scratch() }

    private func record(_ epoch: Int) -> EpochRecord {
        EpochRecord(
            EpochFacts(
                epoch: epoch, viewEpoch: 0, lr: 0.1, top1: 50, top5: 100, kept: true,
                imagesPerSecond: 1, seconds: 1, substituted: 0),
            losses: Measures(["loss", "ce", "kl"], [1, 1, 0]))
    }

    @Test("a log of an earlier version is read, and what was not measured is no key") func keys()
        throws
    {
        let bytes = try whole(1)[0]
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(!text.contains("raw_top") && !text.contains("data_wait"))
        let earlier = try JSONDecoder().decode(EpochRecord.self, from: Data(bytes))
        #expect(earlier.rawTop1 == nil && earlier.dataWait == nil)
        var measured = record(0)
        measured.rawTop1 = 40
        measured.rawTop5 = 90
        measured.dataWait = 0.25
        let data = try JSONEncoder().encode(measured)
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["raw_top1"] as? Double == 40 && object["raw_top5"] as? Double == 90)
        #expect(object["data_wait"] as? Double == 0.25)
        #expect(try JSONDecoder().decode(EpochRecord.self, from: data) == measured)
    }

    private func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// The log's lines after it was opened with so many to keep, and what was said.
    private func reopened(_ bytes: [UInt8], keep: Int) throws -> (lines: [String], said: [String]) {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        var said: [String] = []
        _ = try JSONLines<EpochRecord>(
            path, keep: keep, notice: { said.append($0) }, accept: { _, _ in },
            position: { $0.epoch })
        return (try text().split(separator: "\n").map(String.init), said)
    }

    private func whole(_ count: Int) throws -> [[UInt8]] {
        try? FileManager.default.removeItem(atPath: path)
        let log = try JSONLines<EpochRecord>(
            path, keep: 0, notice: { _ in }, accept: { _, _ in }, position: { $0.epoch })
        for epoch in 0..<count { try log.append(record(epoch)) }
        try log.synchronize()
        return try text().split(separator: "\n").map { Array($0.utf8) + [10] }
    }

    @Test("lines beyond those that count go without a word, a torn last one too") func truncated()
        throws
    {
        let lines = try whole(4)
        let torn = lines.joined() + Array("{\"ce\":1,\"epo".utf8)
        let (kept, said) = try reopened(Array(torn), keep: 2)
        #expect(kept == lines[..<2].map { String(decoding: $0.dropLast(), as: UTF8.self) })
        #expect(said.isEmpty)
    }

    @Test("a damaged line goes, its neighbors stay as they are") func damaged() throws {
        let lines = try whole(4)
        for index in 0..<3 {
            for damage in [[0xFF], Array("}".utf8), Array("\n".utf8), Array("\0".utf8)] as [[UInt8]]
            {
                var bad = lines
                bad[index].replaceSubrange(20..<21, with: damage)
                let (kept, said) = try reopened(Array(bad.joined()), keep: 3)
                var expected = lines[..<3].map { String(decoding: $0.dropLast(), as: UTF8.self) }
                expected.remove(at: index)
                #expect(kept == expected, "\(index), \(damage)")
                #expect(said.count == 1)
                #expect(said.first?.hasPrefix("\(path): ") == true)
            }
        }
        // A full disk tore a line, and the next record followed it.
        let torn = lines[0] + lines[1].prefix(30) + lines[1] + lines[2]
        #expect(try reopened(torn, keep: 3).lines.count == 2)
        // A line out of its place, such as an epoch that is there twice.
        #expect(try reopened(lines[0] + lines[1] + lines[1] + lines[2], keep: 3).lines.count == 3)
    }

    @Test("a file that is no log stays as it is") func foreign() throws {
        let files = [
            "name: recipe\n", "{\"epoch\": 0}\n", "\n\n", "[1, 2]", "{\"ce\" : 1}", "\0\0\0",
            String(decoding: Data("{\"cf\":".utf8), as: UTF8.self),
        ]
        for content in files {
            try Data(content.utf8).write(to: URL(fileURLWithPath: path))
            let expected =
                "\(path): is not a trace of this program and would be lost; choose another file, or "
                + "remove it"
            let checked = #expect(throws: TrainingError.self) {
                try JSONLines<EpochRecord>.check(
                    path, "trace", keys: EpochRecord.keys(losses: ["ce", "kl"]), isNew: false)
            }
            #expect(checked?.description == expected, "\(content)")
            #expect(try text() == content)
        }
    }

    @Test("what is no file, or cannot be written, says so in one line") func unwritable() throws {
        func refusal(_ path: String) -> String {
            let error = #expect(throws: TrainingError.self) {
                try JSONLines<EpochRecord>.check(
                    path, "trace", keys: EpochRecord.keys(losses: ["ce", "kl"]), isNew: false)
            }
            return error?.description ?? ""
        }
        #expect(
            refusal(scratch.path)
                == "\(scratch.path): is not a regular file, and a log is to be one")
        #expect(
            refusal("/dev/null") == "/dev/null: is not a regular file, and a log is to be one")
        #expect(
            refusal("\(scratch.path)/none/a")
                == "\(scratch.path)/none/a: cannot be written: No such file or directory")
        #expect(refusal("") == "the trace has an empty name")
        #expect(refusal("/proc/version/a") == "/proc/version/a: Not a directory")
    }

    @Test("a link to a log stays a link") func link() throws {
        let lines = try whole(3)
        let link = "\(scratch.path)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        _ = try JSONLines<EpochRecord>(
            link, keep: 1, notice: { _ in }, accept: { _, _ in }, position: { $0.epoch })
        #expect(try text() == String(decoding: lines[0], as: UTF8.self))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
    }

    @Test("a file of the run itself is no trace, and nothing is begun") func ownFile() throws {
        let fixture = try RunFixture()
        func refusal(_ trace: String, run: String) -> String? {
            var options = fixture.options(run, resume: true, maxSteps: 1)
            options.trace = "\(fixture.path)/\(trace)"
            let error = #expect(throws: TrainingError.self) {
                _ = try Trainer(
                    recipe: fixture.recipe(), options: options, progress: fixture.lines)
            }
            return error?.description
        }
        func expect(_ trace: String, run: String) {
            #expect(
                refusal(trace, run: run)
                    == "\(fixture.path)/\(trace): is a file of the run itself; choose another for the "
                    + "trace")
        }
        let names = [
            ".lock", "recipe.yaml", "metrics.jsonl", "result.json", "best.safetensors",
            "average.safetensors", "checkpoints", "checkpoints/latest.json",
            "checkpoints/step-00000002.safetensors", "../run/result.json",
            ".tmp-result.json-1-0123456789abcdef",
        ]
        // What cannot be there yet cannot be written either.
        for name in names where !name.hasPrefix("checkpoints/") {
            expect("run/\(name)", run: "run")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.path)/run"))
        try fixture.train("run", maxSteps: 4)
        for name in names { expect("run/\(name)", run: "run") }
        // By other names.
        let metrics = "\(fixture.path)/run/metrics.jsonl"
        try FileManager.default.createSymbolicLink(
            atPath: "\(fixture.path)/link", withDestinationPath: metrics)
        try FileManager.default.linkItem(atPath: metrics, toPath: "\(fixture.path)/twin")
        for name in ["link", "twin"] { expect(name, run: "run") }
    }

    @Test("what is accepted is told by the records that count, whatever spaces are in them")
    func accepted() throws {
        let lines = try whole(4)
        var told: [UInt32: Int] = [:]
        let three = Array(lines[..<3].joined())
        let checksum = three.withUnsafeBytes { crc32c($0) }
        var spaced = lines.joined().flatMap { $0 == UInt8(ascii: ",") ? [$0, 32] : [$0] }
        spaced += [10]
        try Data(spaced).write(to: URL(fileURLWithPath: path))
        _ = try JSONLines<EpochRecord>(
            path, keep: 3, notice: { _ in }, accept: { told[$0] = $1 }, position: { $0.epoch })
        #expect(told == [checksum: 4])
        let before = try text()
        #expect(throws: CancellationError.self) {
            _ = try JSONLines<EpochRecord>(
                path, keep: 1, notice: { _ in },
                accept: { _, _ in throw CancellationError() }, position: { $0.epoch })
        }
        #expect(try text() == before)
    }

    @Test("a log of which nothing is left does not hold up its run") func lost() throws {
        let fixture = try RunFixture()
        try fixture.train("run", maxSteps: 4)
        var bytes = try fixture.bytes("run/metrics.jsonl")
        bytes[0] = 0xFF
        try fixture.set("run/metrics.jsonl", bytes)
        try fixture.train("run", resume: true)
        #expect(
            fixture.lines.lines.contains(
                "\(fixture.path)/run/metrics.jsonl: 1 damaged lines are left out; the training is not "
                    + "affected"))
    }

    @Test("a resumed run goes on with its own trace, and leaves another's") func resumedTrace()
        throws
    {
        let fixture = try RunFixture()
        func train(_ run: String, _ trace: String?, steps: Int?, seed: Int = 1) throws {
            var options = fixture.options(run, resume: true, maxSteps: steps)
            options.trace = trace.map { "\(fixture.path)/\($0)" }
            _ = try Trainer(
                recipe: fixture.recipe(["seed=\(seed)"]), options: options,
                progress: fixture.lines
            ).run()
        }
        func lines(_ name: String) throws -> Int {
            try fixture.bytes(name).count { $0 == 10 }
        }
        try train("a", "a.jsonl", steps: 1)
        try train("b", "b.jsonl", steps: 5, seed: 2)
        let before = try fixture.bytes("b.jsonl")
        let error = #expect(throws: TrainingError.self) { try train("a", "b.jsonl", steps: 2) }
        #expect(
            error?.description
                == "\(fixture.path)/b.jsonl: is not as this run left it, or is the trace of another "
                + "training, and would be lost; choose another file, or remove it")
        #expect(try fixture.bytes("b.jsonl") == before)
        // A new file, no file for a while, and the one before.
        try train("a", "a.jsonl", steps: 2)
        #expect(try lines("a.jsonl") == 2)
        try train("a", nil, steps: 3)
        try train("a", "a.jsonl", steps: 4)
        #expect(try lines("a.jsonl") == 3)
        try train("a", "new.jsonl", steps: nil)
        #expect(try lines("new.jsonl") == 2)
    }

    @Test("links to what is not there, and a log that is a link, are refused") func links() throws {
        let fixture = try RunFixture()
        let files = FileManager.default
        try files.createSymbolicLink(
            atPath: "\(fixture.path)/trace", withDestinationPath: "run/recipe.yaml")
        var options = fixture.options("run", resume: false)
        options.trace = "\(fixture.path)/trace"
        let error = #expect(throws: TrainingError.self) {
            _ = try Trainer(recipe: fixture.recipe(), options: options, progress: fixture.lines)
        }
        #expect(
            error?.description
                == "\(fixture.path)/trace: is a link that leads to nothing; choose another file, or "
                + "remove it")
        #expect(!fixture.exists("run"))
        try fixture.train("run", maxSteps: 4)
        try fixture.remove("run/metrics.jsonl")
        try fixture.scratch.write("foreign", "name: mine\n")
        try files.createSymbolicLink(
            atPath: "\(fixture.path)/run/metrics.jsonl", withDestinationPath: "../foreign")
        let refusal = #expect(throws: TrainingError.self) {
            try fixture.train("run", resume: true)
        }
        #expect(
            refusal?.description
                == "\(fixture.path)/run/metrics.jsonl: is no file of the run's own; move it away")
        #expect(try fixture.bytes("foreign") == Array("name: mine\n".utf8))
    }

    @Test("the logs of other runs stay as they are") func ofAnotherRun() throws {
        let fixture = try RunFixture()
        var options = fixture.options("first", resume: false, maxSteps: 4)
        options.trace = "\(fixture.path)/trace.jsonl"
        _ = try Trainer(
            recipe: fixture.recipe(), options: options, progress: fixture.lines
        ).run()
        for (name, said) in [
            ("trace.jsonl", "is the trace of another training and would be lost"),
            ("first/metrics.jsonl", "is not a trace of this program and would be lost"),
        ] {
            let before = try fixture.bytes(name)
            var options = fixture.options("second", resume: true)
            options.trace = "\(fixture.path)/\(name)"
            let error = #expect(throws: TrainingError.self) {
                _ = try Trainer(
                    recipe: fixture.recipe(), options: options, progress: fixture.lines)
            }
            #expect(
                error?.description
                    == "\(fixture.path)/\(name): \(said); choose another file, or remove it")
            #expect(try fixture.bytes(name) == before)
        }
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.path)/second"))
    }

    @Test("a resumed run says that its log is not as it was, and goes on") func changed() throws {
        let fixture = try RunFixture()
        try fixture.train("run", maxSteps: 4)
        var bytes = try fixture.bytes("run/metrics.jsonl")
        let digit = try #require(bytes.firstIndex(of: UInt8(ascii: ".")))
        bytes[digit + 1] =
            bytes[digit + 1] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
        try fixture.set("run/metrics.jsonl", bytes)
        try fixture.train("run", resume: true)
        #expect(
            fixture.lines.lines.contains(
                "\(fixture.path)/run/metrics.jsonl: is not as the checkpoint left it; the training is "
                    + "not affected"))
        #expect(try fixture.bytes("run/metrics.jsonl").starts(with: bytes))
    }
}
