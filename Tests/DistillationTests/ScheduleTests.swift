import Foundation
import Models
import Testing
import Torch

@testable import Distillation

enum Registry50 {
    static func make() throws -> any ImageClassifier {
        try Architecture(ResNetConfiguration(depth: .layers50)).makeNetwork(classes: 10)
    }
}

@Suite("Learning rate") struct ScheduleTests {
    let schedule = LearningRateSchedule(
        rate: 5e-3, epochs: 610, warmup: 5, cooldown: 10, finalRatio: 0.01, stepsPerEpoch: 834)

    // (epoch, step, rate), recipe-spec section 2; relative to nine digits.
    static let landmarks: [(Int, Int, Double)] = [
        (0, 0, 8.33333e-4), (0, 833, 8.33333e-4), (1, 0, 1.666667e-3), (4, 833, 4.166667e-3),
        (5, 0, 5e-3), (5, 1, 5e-3), (5, 833, 4.99996566613e-3), (6, 0, 4.99996558354e-3),
        (6, 1, 4.99996550086e-3), (6, 833, 4.99986233513e-3), (300, 0, 2.5576924105e-3),
        (300, 1, 2.55767674287e-3), (300, 833, 2.544640881e-3), (599, 0, 5.0034664801e-5),
        (599, 1, 5.00345819e-5), (599, 833, 5.000000045e-5), (600, 0, 5.00000001984e-5),
        (600, 833, 5.00000001984e-5), (609, 400, 5.00000001984e-5),
    ]

    @Test("the published recipe's landmarks", arguments: Self.landmarks)
    func rates(_ epoch: Int, _ step: Int, _ rate: Double) {
        let tolerance = epoch < 5 ? 1e-6 : 1e-9
        #expect(abs(schedule.rate(epoch: epoch, step: step) / rate - 1) < tolerance)
    }

    @Test("without warm-up the first step has the full rate") func noWarmup() {
        let plain = LearningRateSchedule(
            rate: 0.1, epochs: 3, warmup: 0, cooldown: 0, finalRatio: 0, stepsPerEpoch: 4)
        #expect(plain.rate(epoch: 0, step: 0) == 0.1)
        // The last of 12 steps uses the value set after the one before it.
        #expect(abs(plain.rate(epoch: 2, step: 3) - 0.05 * (1 + cos(.pi * 10 / 13))) < 1e-15)
    }
}

@Suite("Moving average") struct MovingAverageTests {
    // (step k, decay), recipe-spec section 3.
    static let decays: [(Int, Double)] = [
        (1, 2.948e-5), (834, 0.0242879), (4_170, 0.115681), (25_020, 0.521738),
        (50_874, 0.776792), (101_748, 0.950118), (203_496, 0.997421), (254_370, 0.999347),
        (508_740, 0.9998997),
    ]

    @Test("the ramp of the decay", arguments: Self.decays)
    func ramp(_ k: Int, _ decay: Double) {
        let ours = ExponentialMovingAverage.decay(0.9999, beta: 15, step: k, of: 508_740)
        #expect(abs(ours - decay) < 1e-3 * decay * (k == 1 ? 1 : 0.01))
    }

    @Test("weights and BN statistics move, counters do not") func entries() throws {
        let network = try Architecture.resnet18.makeNetwork(classes: 3, seed: 1)
        let copy = try Architecture.resnet18.makeNetwork(classes: 3, seed: 2)
        let ema = try ExponentialMovingAverage(of: network, into: copy, decay: 0.9999, beta: 15)
        func value(_ network: any ImageClassifier, _ name: String) throws -> Double {
            try #require(network.store.entries.first { $0.name == name }).tensor.sum().item()
        }
        #expect(try value(copy, "conv1.weight") == value(network, "conv1.weight"))
        #expect(copy.store.entries.allSatisfy { !$0.tensor.requiresGrad })
        try withoutGrad {
            for entry in network.store.entries { try entry.tensor.fill(2) }
        }
        let before = try value(copy, "fc.bias")
        let d = try ema.update(step: 10, of: 100)
        #expect(abs(d - 0.9999 * (1 - exp(-1.5))) < 1e-12)
        #expect(abs(try value(copy, "fc.bias") - (d * before + (1 - d) * 6)) < 1e-5)
        #expect(abs(try value(copy, "bn1.running_mean") - (1 - d) * 2 * 64) < 1e-3)
        #expect(try value(copy, "bn1.num_batches_tracked") == 0)
    }
}

@Suite("Best snapshots") struct SnapshotTests {
    private func snapshot(_ epoch: Int, _ top1: Double) -> BestSnapshots.Snapshot {
        .init(epoch: epoch, top1: top1, file: "\(epoch)")
    }

    @Test("a strictly better snapshot replaces the worst, the first of equals") func replacement() {
        var best = BestSnapshots(keep: 2)
        let taken = [(0, 50.0), (1, 50), (2, 50), (3, 51), (4, .nan)].map { epoch, top1 in
            best.offer(snapshot(epoch, top1))
        }
        // An equal one is no better than the worst, and not a number is none.
        #expect(taken == [true, true, false, true, false])
        #expect(best.kept.map(\.epoch) == [3, 1])
        #expect(best.best?.epoch == 3)
    }
}

@Suite("Distillation loss") struct LossTests {
    private struct Case: Decodable {
        let logits: [[Double]]
        let teacher: [[Double]]?
        let targets: [[Double]]
        let klWeight: Double
        let ceWeight: Double
        let kl: Double?
        let ce: Double
        let loss: Double
        let gradient: [[Double]]
    }

    @Test("value and gradient agree with PyTorch's to 1e-5, zeros in the teacher included")
    func reference() throws {
        func tensor(_ rows: [[Double]]) throws -> Tensor {
            try Tensor(
                rows.flatMap { $0.map(Float.init) }, shape: [rows.count, rows[0].count])
        }
        for (name, expected) in try fixture([String: Case].self, "losses.json") {
            let logits = try tensor(expected.logits)
            try logits.setRequiresGrad(true)
            let loss = DistillationLoss(kl: expected.klWeight, ce: expected.ceWeight)
            let value = try loss(
                logits: logits, targets: tensor(expected.targets),
                teacher: expected.klWeight > 0 ? expected.teacher.map(tensor) : nil)
            try value.total.backward()
            // float32 carries seven digits of a loss of 110 nats.
            let tolerance = 1e-5 * max(1, expected.loss / 10)
            #expect(abs(try value.total.item() - expected.loss) < tolerance, "\(name)")
            #expect(abs(try value.ce.item() - expected.ce) < tolerance, "\(name)")
            if expected.klWeight > 0, let kl = expected.kl {
                #expect(abs(try value.kl.item() - kl) < tolerance, "\(name)")
            }
            let gradient = try #require(try logits.grad).floats()
            for (ours, theirs) in zip(gradient, expected.gradient.flatMap { $0 }) {
                #expect(abs(Double(ours) - theirs) < 1e-6, "\(name)")
            }
        }
    }
}
