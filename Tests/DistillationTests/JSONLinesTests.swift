import Foundation
import Testing

@testable import Distillation

@Suite("Logs of JSON lines") struct JSONLinesTests {
    private let scratch: Scratch
    private var path: String { "\(scratch.path)/log.jsonl" }

    init() throws { scratch = try Scratch() }

    private func record(_ epoch: Int) -> EpochRecord {
        EpochRecord(
            epoch: epoch, viewEpoch: 0, loss: 1, ce: 1, kl: 0, lr: 0.1, top1: 50, top5: 100,
            kept: true, imagesPerSecond: 1, seconds: 1, substituted: 0)
    }

    private func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// The log's lines after it was opened with so many to keep, and what was said.
    private func reopened(_ bytes: [UInt8], keep: Int) throws -> (lines: [String], said: [String]) {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        var said: [String] = []
        _ = try JSONLines<EpochRecord>(
            path, "log", keep: keep, notice: { said.append($0) }, position: \.epoch)
        return (try text().split(separator: "\n").map(String.init), said)
    }

    private func whole(_ count: Int) throws -> [[UInt8]] {
        try? FileManager.default.removeItem(atPath: path)
        let log = try JSONLines<EpochRecord>(
            path, "log", keep: 0, notice: { _ in }, position: \.epoch)
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

    @Test("a damaged line goes, its neighbours stay as they are") func damaged() throws {
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
            let opened = #expect(throws: TrainingError.self) {
                try JSONLines<EpochRecord>(
                    path, "trace", keep: 0, notice: { _ in }, position: \.epoch)
            }
            #expect(opened?.description == expected, "\(content)")
            let checked = #expect(throws: TrainingError.self) {
                try JSONLines<EpochRecord>.check(path, "trace", isNew: false)
            }
            #expect(checked?.description == expected, "\(content)")
            #expect(try text() == content)
        }
    }

    @Test("what is no file, or cannot be written, says so in one line") func unwritable() throws {
        func refusal(_ path: String) -> String {
            let error = #expect(throws: TrainingError.self) {
                try JSONLines<EpochRecord>.check(path, "trace", isNew: false)
            }
            return error?.description ?? ""
        }
        #expect(
            refusal(scratch.path)
                == "\(scratch.path): is not a regular file, and the trace is to be one")
        #expect(
            refusal("/dev/null") == "/dev/null: is not a regular file, and the trace is to be one")
        #expect(
            refusal("\(scratch.path)/none/a")
                == "\(scratch.path)/none/a: cannot be written: No such file or directory")
        #expect(refusal("/proc/version/a") == "/proc/version/a: Not a directory")
    }

    @Test("a link to a log stays a link") func link() throws {
        let lines = try whole(3)
        let link = "\(scratch.path)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        _ = try JSONLines<EpochRecord>(link, "log", keep: 1, notice: { _ in }, position: \.epoch)
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
