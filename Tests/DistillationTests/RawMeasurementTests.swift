import Foundation
import Recipes
import Testing
import Torch

@testable import Distillation

@Suite("Measuring the trained network beside its average") struct RawMeasurementTests {
    private let fixture: RunFixture

    init() throws { fixture = try RunFixture() }

    private func measurement(
        slots: Int, images: Int, _ overrides: [String] = []
    ) throws -> RawMeasurement? {
        try RawMeasurement(
            recipe: fixture.recipe(overrides), slots: slots, validationImages: images)
    }

    @Test("it is taken after each epoch of ImageNet, and of small data at intervals")
    func intervals() throws {
        #expect(try measurement(slots: 1_281_024, images: 50_000)?.interval == 1)
        // 4 of 3 · 12 + 4 passes are 10 %.
        #expect(try measurement(slots: 12, images: 4)?.interval == 2)
        // Four times the pixels: 16 of 36 + 16 are 31 %.
        #expect(
            try measurement(slots: 12, images: 4, ["validation.size=64", "validation.resize=64"])?
                .interval == 7)
        #expect(try measurement(slots: 12, images: 4, ["ema=none"]) == nil)
    }

    @Test("it takes at most 5 % of the time, and no interval is longer than that asks for")
    func bound() throws {
        for (slots, images) in [(1, 1), (12, 4), (100, 1000), (1000, 100), (57, 9), (57, 10)] {
            let interval = try #require(try measurement(slots: slots, images: images)).interval
            func share(every interval: Int) -> Double {
                Double(images) / Double(interval * (3 * slots + images))
            }
            #expect(share(every: interval) <= 0.05)
            #expect(interval == 1 || share(every: interval - 1) > 0.05)
        }
    }

    @Test("the last epoch is among those after which it is taken") func last() throws {
        let every = try #require(
            try measurement(slots: 12, images: 4, ["schedule.epochs=5"]))
        #expect((0..<5).filter(every.isDue) == [0, 2, 4])
        let even = try #require(
            try measurement(slots: 12, images: 4, ["schedule.epochs=4"]))
        #expect((0..<4).filter(even.isDue) == [1, 3])
    }

    @Test("it changes no bit of either network, running statistics included") func unchanged()
        throws
    {
        let trainer = try fixture.trainer(
            "run", maxSteps: 2, overrides: ["model={name: resnet18, init: pytorch}"])
        _ = try trainer.run()
        let before = try trainer.numbers()
        let step = trainer.setup.step
        let measured = try trainer.setup.validation.evaluator.accuracies(
            of: [step.validated, step.network])
        #expect(measured.allSatisfy { (try? $0.get().images) == 4 })
        #expect(try trainer.numbers() == before)
    }

    @Test("it is logged where it was taken, and its best network is a file") func logged() throws {
        let result = try #require(try fixture.train("run", overrides: ["schedule.epochs=3"]))
        let epochs = try fixture.bytes("run/metrics.jsonl").split(separator: 10).map {
            try JSONDecoder().decode(EpochRecord.self, from: Data($0))
        }
        #expect(epochs.map { $0.rawTop1 != nil } == [true, false, true])
        #expect(epochs.map { $0.rawTop5 != nil } == [true, false, true])
        #expect(
            fixture.lines.lines.filter { $0.starts(with: "epoch ") }.map { $0.contains("raw") } == [
                true, false, true,
            ])
        #expect(result.rawTop1 == epochs.compactMap { $0.rawTop1 }.max())
        // The file is the one network that was the best, as the trained one was after that epoch.
        let best = try #require(epochs.first { $0.rawTop1 == result.rawTop1 })
        let kept = "run/checkpoints/raw-epoch-000\(best.epoch).safetensors"
        #expect(try fixture.bytes("run/raw.safetensors") == fixture.bytes(kept))
        #expect(
            try fixture.files("run/checkpoints").keys.filter { $0.hasPrefix("raw-") }.count == 1)
        let raw = try SafetensorsFile(path: "\(fixture.path)/run/raw.safetensors")
        let last = try fixture.trainer(
            "again", maxSteps: 3 * (best.epoch + 1), overrides: ["schedule.epochs=3"])
        _ = try last.run()
        for entry in last.setup.step.network.store.entries {
            #expect(try raw.tensor(entry.name).floats() == entry.tensor.floats(), "\(entry.name)")
        }
    }

    @Test("without a moving average nothing is measured twice") func alone() throws {
        let result = try #require(try fixture.train("run", overrides: ["ema=none"]))
        #expect(result.rawTop1 == nil && result.bestTop1 != nil)
        #expect(!fixture.exists("run/raw.safetensors"))
        let text = String(decoding: try fixture.bytes("run/metrics.jsonl"), as: UTF8.self)
        #expect(!text.contains("raw_top"))
    }

    @Test("a trained network that cannot be measured ends no training") func notFinite() throws {
        let overrides = ["schedule.epochs=1", "model={name: resnet18, init: pytorch}"]
        try fixture.train("run", maxSteps: 3, overrides: overrides)
        let trainer = try fixture.trainer("run", resume: true, overrides: overrides)
        // So large that evaluation overflows with it; training does not look at it.
        let mean = try #require(trainer.setup.step.network.store["bn1.running_mean"])
        try withoutGrad { try mean.fill(-3e38) }
        let result = try #require(try trainer.run())
        #expect(result.rawTop1 == nil && result.epochs == 1)
        #expect(
            fixture.lines.lines.contains {
                $0.contains("logits are not finite")
                    && $0.hasSuffix("; the trained network is not measured")
            })
        #expect(!fixture.exists("run/raw.safetensors"))
    }
}
