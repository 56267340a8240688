import Foundation
import Learning
import Testing
import Torch

@testable import Distillation

@Suite("Trainer") struct TrainerTests {
    @Test("an epoch is steps, a validation, a line and a checkpoint") func course() throws {
        let fixture = try RunFixture()
        let result = try #require(try fixture.train("run"))
        #expect(result.epochs == 2 && result.steps == 6 && result.averaged == 2)
        let files = try fixture.files("run").keys.sorted()
        #expect(files.filter(EventFile.isName).count == 1)
        #expect(
            files.filter { !EventFile.isName($0) } == [
                ".lock", "average.safetensors", "best.safetensors", "card.yaml",
                "checkpoints/best-epoch-0000.safetensors",
                "checkpoints/best-epoch-0001.safetensors", "checkpoints/latest.json",
                "checkpoints/previous.json", "checkpoints/raw-epoch-0001.safetensors",
                "checkpoints/step-00000005.safetensors", "checkpoints/step-00000006.safetensors",
                "metrics.jsonl", "raw.safetensors", "recipe.yaml", "result.json",
            ])
        let lines = fixture.lines.lines
        let line =
            /epoch   [12]\/2  loss \d\.\d{4}  ce \d\.\d{4}  kl 0\.0000  top-1 \d+\.\d\d(  raw \d+\.\d\d)?/
        #expect(lines.filter { $0.wholeMatch(of: line) != nil }.count == 2, "\(lines)")
    }

    @Test("a network's own seed changes its weights, and no view") func ownSeed() throws {
        let fixture = try RunFixture()
        func weights(_ overrides: [String]) throws -> [[Float]] {
            try fixture.recipe(overrides).makeNetwork(on: .cpu).store.parameters.map {
                try $0.tensor.floats()
            }
        }
        let plain = try fixture.recipe()
        let own = try fixture.recipe(["model.seed=7"])
        #expect(own.viewFields.map(\.value) == plain.viewFields.map(\.value))
        #expect(try weights(["model.seed=7"]) != weights([]))
        #expect(try weights(["model.seed=42"]) == weights([]))
        #expect(try weights(["model.seed=7"]) == weights(["seed=7"]))
    }

    @Test("a training that is asked for fewer steps stops there, and says where") func stops()
        throws
    {
        let fixture = try RunFixture()
        let trainer = try fixture.trainer("run", maxSteps: 4)
        #expect(try trainer.run() == nil)
        let position = trainer.position
        #expect(position.epoch == 1 && position.step == 1 && position.steps == 4)
        #expect(position.checkpoint.hasSuffix("/run/checkpoints/step-00000004.safetensors"))
        #expect(trainer.state.sums.steps == 1)
    }

    @Test("a trace has a line for each step, in one file over all starts") func trace() throws {
        let fixture = try RunFixture()
        func train(resume: Bool, maxSteps: Int?) throws {
            var options = fixture.options("run", resume: resume, maxSteps: maxSteps)
            options.trace = "\(fixture.path)/trace.jsonl"
            _ = try Trainer(
                recipe: fixture.recipe(), options: options, progress: fixture.lines
            ).run()
        }
        try train(resume: false, maxSteps: 2)
        try train(resume: true, maxSteps: nil)
        let records = try fixture.bytes("trace.jsonl").split(separator: 10).map {
            try JSONDecoder().decode(StepRecord.self, from: Data($0))
        }
        #expect(records.map { $0.epoch * 3 + $0.step } == Array(0..<6))
        let epochs = try fixture.bytes("run/metrics.jsonl").split(separator: 10).map {
            try JSONDecoder().decode(EpochRecord.self, from: Data($0))
        }
        for (epoch, record) in epochs.enumerated() {
            let steps = records[epoch * 3..<epoch * 3 + 3].compactMap { $0.losses["loss"] }
            #expect(
                abs(try #require(record.losses["loss"]) - steps.reduce(0, +) / 3) < 1e-12)
        }
    }
}

/// Notes what it is told.
private final class Notes: RunObserver {
    var events: [String] = []
    private let name: String
    private let failure: TrainingError?

    init(_ name: String, failure: TrainingError? = nil) {
        self.name = name
        self.failure = failure
    }

    static func open(_ run: ObservedRun) -> Notes? { nil }

    func stepped(_ record: StepRecord) throws {
        if let failure { throw failure }
        events.append("\(name): step \(record.step)")
    }

    func beforeCheckpoint(_ state: inout TrainingState) throws {
        state.trace = (state.trace ?? "") + name
    }
}

@Suite("What a run writes") struct RunLogTests {
    private let record = StepRecord(
        StepFacts(epoch: 0, step: 7, lr: 1, emaDecay: 0, gradNorm: 1),
        losses: Measures(zeros: ["loss"]))

    @Test("every observer is told, and remembered with a checkpoint") func told() throws {
        let (first, second) = (Notes("a"), Notes("b"))
        let log = RunLog([first, second])
        try log.stepped(record)
        #expect(first.events == ["a: step 7"] && second.events == ["b: step 7"])
        var state = TrainingState(keep: 1, losses: ["loss"])
        try log.beforeCheckpoint(&state)
        #expect(state.trace == "ab")
    }

    @Test("an observer that cannot write ends the training") func fails() {
        let log = RunLog([Notes("a", failure: TrainingError("disk full"))])
        #expect(throws: TrainingError("disk full")) { try log.stepped(record) }
    }
}
