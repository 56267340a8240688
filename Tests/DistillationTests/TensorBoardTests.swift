import Foundation
import Testing

@testable import Distillation

@Suite("Events for TensorBoard") struct TensorBoardTests {
    private static let time = 1_700_000_000.25
    private static let png: [UInt8] =
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + (0..<200).map { UInt8($0) }

    /// The events of `make_tensorboard.py`, which TensorBoard's own reader has read.
    private func events() throws -> [String: TensorBoardEvent] {
        let histogram = try #require(WeightHistogram([-1.5, -0.25, 0, 0.125, 2]))
        return [
            "version": .version(time: Self.time),
            "hparams": .summary(
                time: Self.time, step: 0,
                [
                    .sessionStart(
                        ["a: 0.005", "b: lamb", "c: false", "d: 0"].map {
                            let parts = $0.components(separatedBy: ": ")
                            return (parts[0], HyperparameterValue(yaml: parts[1]))
                        }, time: Self.time)
                ]),
            "recipe": .summary(
                time: Self.time, step: 0, [.text("recipe", "    name: größe\n    seed: 42")]),
            "picture": .summary(
                time: Self.time, step: 0,
                [.picture("views", png: Self.png, width: 7, height: 300)]),
            "scalars": .summary(
                time: Self.time + 1.25, step: 127,
                [.scalar("step/loss", 1.25), .scalar("step/kl", 0)]),
            "forgotten": .summary(
                time: Self.time + 2.25, step: 129, [.scalar("step/loss", 9)]),
            "restart": .restart(time: Self.time + 3.25, step: 128),
            "histogram": .summary(
                time: Self.time + 4.25, step: 300,
                [.histogram("weights/conv1.weight", histogram), .scalar("step/loss", 1)]),
            "end": .summary(
                time: Self.time + 5.25, step: 301, [.sessionEnd(time: Self.time + 5.25)]),
        ]
    }

    @Test("records are those that TensorBoard writes and reads, to the last bit") func records()
        throws
    {
        let expected = try fixture([String: String].self, "tensorboard.json")
        let events = try events()
        #expect(Set(events.keys) == Set(expected.keys))
        for (name, event) in events {
            let hex = EventFile.record(event).map { String(format: "%02x", $0) }.joined()
            #expect(hex == expected[name], "\(name)")
        }
    }

    @Test("a histogram counts every value once, and the greatest in the last bucket")
    func histogram() throws {
        let values = (0..<1000).map { Float($0 % 100) / 99 }
        let histogram = try #require(WeightHistogram(values))
        #expect(histogram.counts.reduce(0, +) == 1000 && histogram.count == 1000)
        #expect(histogram.counts.count == 30 && histogram.limits.count == 30)
        #expect(histogram.limits.last == 1 && histogram.counts.last == 40)
        #expect(try #require(WeightHistogram([3, 3])).counts == [2])
        #expect(WeightHistogram([]) == nil)
    }

    /// Figures that are the same in every process: not times, and not where a process was stopped.
    private static let tags = [
        "step/loss", "optimizer/learning_rate", "optimizer/ema_decay", "optimizer/gradient_norm",
        "epoch/loss", "epoch/ce", "validation/top1", "validation/top5", "result/top1",
    ]

    /// Three steps in each of two epochs: stopped amid an epoch, before an epoch is validated, and
    /// amid the next, each time killed after it had gone on for a while.
    @Test("a run that is killed and goes on shows one curve", arguments: [2, 3, 4])
    func killed(stop: Int) throws {
        let fixture = try RunFixture()
        try fixture.train("whole")
        let whole = try EventReader("\(fixture.path)/whole")
        #expect(Set(whole.scalars("step/loss").keys) == [1, 2, 3, 4, 5, 6])
        #expect(Set(whole.scalars("validation/top1").keys) == [3, 6])
        #expect(whole.points["weights/head.weight"]?.map(\.step) == [3, 6])

        try fixture.train("run", maxSteps: stop)
        let saved = try fixture.files("run")
        try fixture.train("run", resume: true)
        let events = try fixture.files("run").keys.filter(EventFile.isName).sorted()
        #expect(events.count == 2)
        for name in try fixture.files("run").keys where !EventFile.isName(name) {
            try fixture.remove("run/\(name)")
        }
        for (name, bytes) in saved where !EventFile.isName(name) {
            try fixture.set("run/\(name)", bytes)
        }
        let last = "run/\(try #require(events.last))"
        try fixture.set(last, fixture.bytes(last).dropLast(5))
        try fixture.train("run", resume: true)

        let run = try EventReader("\(fixture.path)/run")
        for tag in Self.tags {
            var expected = whole.scalars(tag)
            #expect(!expected.isEmpty, "\(tag)")
            // The step before a validation that was cut off is told with the figures that it has not.
            let isTold = !tag.hasPrefix("step/") && !tag.hasPrefix("optimizer/")
            if stop == 3, !isTold { expected[3] = nil }
            #expect(run.scalars(tag) == expected, "\(tag)")
            #expect(run.points[tag]?.count == expected.count, "\(tag) twice")
        }
        for tag in ["recipe", "views", "_hparams_/session_start_info"] {
            #expect(run.points[tag]?.count == 1, "\(tag)")
        }
        #expect(run.points["_hparams_/session_end_info"]?.count == 1)
    }

    @Test("a run begins with its recipe, its hyperparameters and a sheet of views")
    func introduction() throws {
        let fixture = try RunFixture()
        try fixture.train(
            "run", maxSteps: 1,
            overrides: ["view.mix={probability: 1, mixup: 0.2, cutmix: 1, switch: 0.5}"])
        let run = try EventReader("\(fixture.path)/run")
        func content(_ tag: String) throws -> String {
            String(decoding: try #require(run.points[tag]?.first).content, as: UTF8.self)
        }
        #expect(try content("recipe").contains("    optimizer:\n      name: sgd\n      lr: 0.05\n"))
        #expect(try content("_hparams_/session_start_info").contains("optimizer.momentum"))
        #expect(try content("views").contains("IHDR"))
    }

    @Test("a run without events has none, and one that goes on does as it is told then")
    func switchedOff() throws {
        let fixture = try RunFixture()
        func train(_ maxSteps: Int?, events: Bool) throws -> [String: [UInt8]] {
            var options = fixture.options("run", resume: true, maxSteps: maxSteps)
            options.writesTensorBoard = events
            _ = try Trainer(recipe: fixture.recipe(), options: options, progress: fixture.lines)
                .run()
            return try fixture.files("run").filter { EventFile.isName($0.key) }
        }
        #expect(try train(1, events: false).isEmpty)
        let begun = try train(4, events: true)
        #expect(begun.count == 1)
        let run = try EventReader("\(fixture.path)/run")
        #expect(Set(run.scalars("step/loss").keys) == [2, 3, 4])
        #expect(run.points["recipe"]?.count == 1)
        #expect(try train(nil, events: false) == begun)
        // What is written of a run changes nothing of it.
        try fixture.train("whole")
        let weights = "average.safetensors"
        #expect(try fixture.bytes("run/\(weights)") == fixture.bytes("whole/\(weights)"))
    }

    @Test("event files are the run's own: nothing else is written there, and they are no run alone")
    func ownership() throws {
        let fixture = try RunFixture()
        try fixture.train("run", maxSteps: 1)
        let name = try #require(try fixture.files("run").keys.first(where: EventFile.isName))
        #expect(SavedRun.makes("\(fixture.path)/run/\(name)"))
        var options = fixture.options("other", resume: false)
        options.trace = "\(fixture.path)/run/\(name)"
        #expect(throws: TrainingError.self) {
            _ = try Trainer(recipe: fixture.recipe(), options: options, progress: fixture.lines)
        }
        #expect(!EventFile.isName("events.out.tfevents.1700000000.host") && !EventFile.isName("x"))
        try FileManager.default.createDirectory(
            atPath: "\(fixture.path)/alone", withIntermediateDirectories: false)
        try fixture.set("alone/\(name)", [1])
        #expect(fixture.refusal("alone").contains("is not empty and holds no training"))
    }
}
