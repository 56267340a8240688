import Foundation
import Testing
import Torch

@testable import Distillation

@Suite("What a training hands over") struct ResultChoiceTests {
    private func choice(average: Double, best: Double?, raw: Double?) -> ResultChoice {
        let snapshots: [(RunWeights, Double?)] = [(.best, best), (.raw, raw)]
        return ResultChoice(
            average: .init(weights: .average, top1: average, top5: 99),
            snapshots: snapshots.compactMap { weights, top1 in
                top1.map { .init(weights: weights, top1: $0, top5: 98) }
            }, images: 2400)
    }

    @Test("is the average where nothing is better, else the best") func rule() {
        let cases: [(Double, Double?, Double?, RunWeights, String)] = [
            (90, 89, 80, .average, "no snapshot is better"),
            (90, 90, 90, .average, "no snapshot is better"),
            (90, nil, nil, .average, "no snapshot is better"),
            (88.75, 90, 80, .best, "by 30 of 2,400 images"),
            (90, 89, 91, .raw, "by 24 of 2,400 images"),
            (80, 89, 91, .raw, "by 264 of 2,400 images"),
            (80, 91, 91, .best, "by 264 of 2,400 images"),
            (80, nil, 81, .raw, "by 24 of 2,400 images"),
        ]
        for (average, best, raw, weights, reason) in cases {
            let choice = choice(average: average, best: best, raw: raw)
            #expect(choice.result.weights == weights, "\(average) \(best ?? 0) \(raw ?? 0)")
            #expect(choice.reason == reason)
            #expect(choice.top1(of: .raw) == raw)
        }
    }

    /// A run of three epochs whose state says that a snapshot was better than any average is.
    private func run(
        _ key: String, top5: Double?
    ) throws -> (fixture: RunFixture, result: TrainingResult) {
        let fixture = try RunFixture()
        try fixture.train("run", overrides: ["schedule.epochs=3"])
        try fixture.seal("run") { object in
            var snapshots = object[key] as? [String: Any]
            let slots = (snapshots?["slots"] as? [Any])?.map { slot in
                var slot = slot as? [String: Any]
                slot?["top1"] = 100.0
                slot?["top5"] = top5
                return slot as Any
            }
            snapshots?["slots"] = slots
            object[key] = snapshots
        }
        let result = try fixture.train("run", resume: true, overrides: ["schedule.epochs=3"])
        return (fixture, try #require(result))
    }

    @Test(
        "is named by the file that holds it",
        arguments: [("best", "best"), ("rawSnapshots", "raw")])
    func named(key: String, name: String) throws {
        let (fixture, result) = try run(key, top5: 77)
        try #require(result.averageTop1 < 100)
        #expect(result.weights.rawValue == name)
        #expect(result.top1 == 100 && result.top5 == 77)
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(fixture.bytes("run/result.json")))
                as? [String: Any])
        #expect(object["result"] as? String == name)
        #expect(object["average_top1"] as? Double == result.averageTop1)
        #expect(object["\(name)_top1"] as? Double == 100)
        let saved = SavedRun("\(fixture.path)/run") { Issue.record("\($0)") }
        #expect(try saved.result()?.rawValue == name)
    }

    @Test("has its top-5 measured where an earlier version took the snapshot") func measured()
        throws
    {
        let (_, result) = try run("best", top5: nil)
        // Of two classes both are among the first five.
        #expect(result.weights == .best && result.top5 == 100)
    }

    @Test("stands whole in the folder, or is no candidate") func whole() throws {
        let (fixture, _) = try run("rawSnapshots", top5: 77)
        let bytes = try fixture.bytes("run/raw.safetensors")
        let kept = try #require(
            fixture.files("run/checkpoints").keys.first { $0.hasPrefix("raw-epoch-") })
        func again() throws -> TrainingResult {
            try #require(
                try fixture.train("run", resume: true, overrides: ["schedule.epochs=3"]))
        }
        // Gone, damaged, or another training's: it is made anew from the one beside the checkpoint.
        let average = try fixture.bytes("run/average.safetensors")
        for other in [nil, Array(bytes.dropLast()), average] {
            if let other {
                try fixture.set("run/raw.safetensors", other)
            } else {
                try fixture.remove("run/raw.safetensors")
            }
            #expect(try again().weights == .raw)
            #expect(try fixture.bytes("run/raw.safetensors") == bytes)
        }
        // And the one in the folder will do where that is damaged.
        try fixture.set("run/checkpoints/\(kept)", Array(bytes.dropLast()))
        #expect(try again().weights == .raw)
        try fixture.remove("run/raw.safetensors")
        let result = try again()
        #expect(result.weights != .raw && result.rawTop1 == nil)
        #expect(fixture.lines.lines.contains { $0.hasSuffix("; it cannot be the result") })
    }

    @Test("of a run of an earlier version is the better of average and best") func earlier() throws
    {
        let scratch = try Scratch()
        let run = SavedRun(scratch.path) { Issue.record("\($0)") }
        #expect(try run.result() == nil)
        try scratch.write("result.json", #"{"top1": 90, "best_top1": 90}"#)
        #expect(try run.result() == .average)
        try scratch.write("result.json", #"{"top1": 90, "best_top1": 90.5}"#)
        #expect(try run.result() == .best)
        try scratch.write("result.json", #"{"top1": 90, "result": "last"}"#)
        let error = #expect(throws: TrainingError.self) { try run.result() }
        #expect(
            error?.description
                == "\(scratch.path)/result.json: cannot be read: result makes no sense")
    }
}
