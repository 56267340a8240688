import Foundation
import Learning
import Models
import Testing
import Torch

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
        let architecture = Architecture(ResNetConfiguration(depth: .layers18))
        let network = try architecture.makeNetwork(classes: 3, seed: 1)
        let copy = try architecture.makeNetwork(classes: 3, seed: 2)
        let ema = try ExponentialMovingAverage(
            of: network, into: copy, settings: .init(decay: 0.9999, beta: 15))
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
