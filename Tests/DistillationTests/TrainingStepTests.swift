import Foundation
import Learning
import Models
import Testing
import Torch

@testable import Distillation

/// A network of one matrix: its logits are `images · weight`.
private final class Affine: ImageClassifier {
    let store: ParameterStore
    let classes = 2
    /// Nobody asks a step for it.
    let architecture = Architecture.resnet18
    let undecayed: Set<String> = []
    /// How each forward pass was asked for the running statistics.
    var updates: [Bool] = []
    private let weight: Tensor

    init() throws {
        store = try ParameterStore(seed: 0)
        weight = try store.parameter("" / "weight", shape: [2, 3], initializer: .zeros)
    }

    func logits(_ images: Tensor, mode: ForwardMode) throws(TorchError) -> Tensor {
        if case .training(let updatesStatistics, _, _) = mode { updates.append(updatesStatistics) }
        return try images.linear(weight, bias: nil)
    }
}

/// One of two ranks, whose partner's sums are told beforehand.
private final class HalfOfTwo: Ranks {
    let count = 2
    let index: Int
    /// What the other rank brings, in the order of the tensors.
    var partner: [[Float]] = []
    /// What was summed, before.
    var own: [[Float]] = []

    init(index: Int) { self.index = index }

    func sum(_ tensors: [Tensor]) throws {
        own = try tensors.map { try $0.floats() }
        for (tensor, values) in zip(tensors, partner) {
            try withoutGrad {
                try tensor.add(Tensor(values, shape: tensor.shape))
            }
        }
    }
}

@Suite("A step of the training") struct TrainingStepTests {
    private let schedule = LearningRateSchedule(
        .init(epochs: 2), rate: 0.5, stepsPerEpoch: 3)

    private func step(
        _ network: Affine, ranks: any Ranks = SingleRank(), loss: Loss = .published
    ) throws -> TrainingStep {
        TrainingStep(
            network: network,
            optimizer: try Optimizer(
                .init(SGD(momentum: 0)), of: OptimizedParameters(of: network)),
            ema: try ExponentialMovingAverage(
                of: network, into: Affine(), settings: .init(decay: 0.5, beta: 15)),
            loss: loss, schedule: schedule, ranks: ranks, groups: 4, autocast: nil, device: .cpu)
    }

    /// Group g: two images, of which the first is g + 1 in its first place.
    private func group(_ index: Int, first: Float? = nil) throws -> TrainingGroup {
        TrainingGroup(
            images: try Tensor([first ?? Float(index + 1), 0, 1, 0, 2, 0], shape: [2, 3]),
            targets: try Tensor([1, 0, 0, 1] as [Float], shape: [2, 2]),
            teacher: try Tensor([0.75, 0.25, 0.5, 0.5] as [Float], shape: [2, 2]),
            dropPathSeed: nil)
    }

    private func weights(_ network: Affine) throws -> [Float] {
        try #require(network.store["weight"]).floats()
    }

    @Test("figures are named, the first group moves the statistics, gradients are gone")
    func taken()
        throws
    {
        let network = try Affine()
        let step = try step(network)
        var asked: [Int] = []
        let record = try step.take(epoch: 1, step: 2) { index in
            asked.append(index)
            return try group(index)
        }
        #expect(asked == [0, 1, 2, 3])
        #expect(network.updates == [true, false, false, false])
        #expect(record.epoch == 1 && record.step == 2)
        #expect(record.lr == schedule.rate(epoch: 1, step: 2))
        #expect(record.losses.figures.map(\.name) == ["loss", "ce", "kl"])
        // Logits are zero: ln 2, and ln 2 less the teacher's entropies.
        let ce = log(2.0)
        let kl = ce - (log(2.0) - 0.75 * log(0.75) - 0.25 * log(0.25)) / 2
        #expect(abs(try #require(record.losses["ce"]) - ce) < 1e-6)
        #expect(abs(try #require(record.losses["kl"]) - kl) < 1e-6)
        #expect(abs(try #require(record.losses["loss"]) - (0.2 * ce + 0.8 * kl)) < 1e-6)
        #expect(try network.store.parameters.allSatisfy { try $0.tensor.grad == nil })
        #expect(step.optimizer.steps == 1)
        let decay = ExponentialMovingAverage.decay(0.5, beta: 15, step: 6, of: 6)
        #expect(record.emaDecay == decay)
        let averaged = try #require(step.validated.store["weight"]).floats()
        for (mean, weight) in zip(averaged, try weights(network)) {
            #expect(abs(Double(mean) - (1 - decay) * Double(weight)) < 1e-6)
        }
    }

    @Test("two ranks take what one takes, each its half of the groups") func ranks() throws {
        let whole = try Affine()
        let record = try step(whole).take(epoch: 0, step: 0) { try group($0) }
        // Each rank's own sums, which the other is given.
        var halves: [[[Float]]] = []
        for index in 0..<2 {
            let ranks = HalfOfTwo(index: index)
            let network = try Affine()
            var asked: [Int] = []
            _ = try step(network, ranks: ranks).take(epoch: 0, step: 0) {
                asked.append($0)
                return try group($0)
            }
            #expect(asked == [[0, 1], [2, 3]][index])
            #expect(network.updates == [[true, false], [false, false]][index])
            halves.append(ranks.own)
        }
        for index in 0..<2 {
            let ranks = HalfOfTwo(index: index)
            ranks.partner = halves[1 - index]
            let network = try Affine()
            let half = try step(network, ranks: ranks).take(epoch: 0, step: 0) { try group($0) }
            for (ours, theirs) in zip(half.losses.figures, record.losses.figures) {
                #expect(abs(ours.value - theirs.value) < 1e-6)
            }
            #expect(abs(half.gradNorm - record.gradNorm) < 1e-6)
            for (ours, theirs) in zip(try weights(network), try weights(whole)) {
                #expect(abs(ours - theirs) < 1e-6)
            }
        }
    }

    @Test("a loss that is not finite is named before anything is changed") func notFinite() throws {
        let network = try Affine()
        let step = try step(network)
        let error = #expect(throws: NotFinite.self) {
            try step.take(epoch: 0, step: 0) { try group($0, first: $0 == 2 ? .infinity : nil) }
        }
        #expect(error?.what == "the loss")
        #expect(try weights(network).allSatisfy { $0 == 0 })
        #expect(step.optimizer.steps == 0)
    }

    @Test("what a group's views throw is passed on, and nothing is changed") func thrown() throws {
        let network = try Affine()
        let step = try step(network)
        #expect(throws: TrainingError("no image")) {
            try step.take(epoch: 0, step: 0) {
                guard $0 < 2 else { throw TrainingError("no image") }
                return try group($0)
            }
        }
        #expect(try weights(network).allSatisfy { $0 == 0 })
    }

    @Test("labels alone are learned from without a teacher's term") func labels() throws {
        let network = try Affine()
        let loss = Loss([.init(CrossEntropy(), weight: 1), .init(KLDivergence(), weight: 0)])
        let record = try step(network, loss: loss).take(epoch: 0, step: 0) { index in
            let group = try group(index)
            return TrainingGroup(
                images: group.images, targets: group.targets, teacher: nil, dropPathSeed: nil)
        }
        #expect(record.losses["kl"] == 0)
        #expect(record.losses["loss"] == record.losses["ce"])
    }
}
