import Learning
import Models
import Recipes
import Torch

/// A group of a step, ready for the network.
struct TrainingGroup {
    /// `[G, 3, H, W]`, normalized and mixed, on the device.
    let images: Tensor
    /// Label distributions, `[G, classes]`.
    let targets: Tensor
    /// How many images have a label; `nil` for all.
    var labeled: Int?
    /// The teacher's probabilities, `[G, classes]`; `nil` where labels alone are learned from.
    let teacher: Tensor?
    /// The seed of stochastic depth; `nil` where nothing is dropped.
    let dropPathSeed: UInt64?
}

/// One optimizer step: forward, loss and backward of this rank's groups, the sum over ranks, the look
/// at the figures, then the update and the moving average.
///
/// Order and numbers: recipe-spec section 10.
final class TrainingStep {
    let network: any ImageClassifier
    let optimizer: Optimizer
    let ema: ExponentialMovingAverage?
    let loss: Loss
    let schedule: LearningRateSchedule
    private let ranks: any Ranks
    private let groups: Int
    private let autocast: DType?
    private let frozenStages: Int
    private let device: Device

    /// - Parameters:
    ///   - network: whose frozen stages take no gradients already.
    ///   - groups: of a step, over all ranks.
    ///   - autocast: what convolutions and matrix products run in; `nil` for float32.
    init(
        network: any ImageClassifier, optimizer: Optimizer, ema: ExponentialMovingAverage?,
        loss: Loss, schedule: LearningRateSchedule, ranks: any Ranks = SingleRank(), groups: Int,
        autocast: DType?, frozenStages: Int = 0, device: Device
    ) {
        self.network = network
        self.optimizer = optimizer
        self.ema = ema
        self.loss = loss
        self.schedule = schedule
        self.ranks = ranks
        self.groups = groups
        self.autocast = autocast
        self.frozenStages = frozenStages
        self.device = device
    }

    /// The network whose accuracy counts: the moving average, or the trained one without it.
    var validated: any ImageClassifier { ema?.network ?? network }

    /// Every tensor that a checkpoint holds.
    var tensors: [(name: String, tensor: Tensor)] {
        let averaged = ema?.network.store.entries ?? []
        return network.store.entries.map { ("model.\($0.name)", $0.tensor) }
            + averaged.map { ("ema.\($0.name)", $0.tensor) }
            + optimizer.state.map { ("optimizer.\($0.name)", $0.tensor) }
    }

    /// Takes the step.
    ///
    /// - Parameters:
    ///   - epoch: the training epoch, from 0.
    ///   - step: the step within the epoch, from 0.
    ///   - group: yields a group by its number within the step, in order.
    /// - Throws: `NotFinite` for a loss, gradient or weight that is not finite; then nothing was
    ///   changed but the running statistics of group 0. What `group` throws.
    func take(
        epoch: Int, step: Int, group: (_ index: Int) throws -> TrainingGroup
    ) throws -> StepRecord {
        let own = ranks.share(ofGroups: groups)
        var figures: [Tensor] = []
        for index in own {
            let value = try loss(of: group(index), isFirst: index == 0)
            // Gradients accumulate to their mean over groups, as DDP averages over ranks.
            try (value.total / Double(groups)).backward()
            figures.append(try value.figures())
        }
        let sums = try Tensor.stacked(figures, dimension: 0).sum(dimensions: [0])
        try ranks.sum(optimizer.parameters.gradients() + [sums])
        let norm = try optimizer.gradientNorm()
        // The one read of a step, before anything is changed by it.
        let read = try Tensor.concatenated(
            [sums / Double(groups), norm.reshaped([1])], dimension: 0
        ).floats().map(Double.init)
        let losses = Measures(loss.names, Array(read[..<loss.names.count]))
        let gradNorm = read[loss.names.count]
        guard losses.areFinite, gradNorm.isFinite else { throw try notFinite(losses) }
        let rate = schedule.rate(epoch: epoch, step: step)
        try optimizer.step(rate: rate, norm: norm)
        try optimizer.parameters.clearGradients()
        let decay = try ema?.update(
            step: epoch * schedule.stepsPerEpoch + step + 1,
            of: schedule.settings.epochs * schedule.stepsPerEpoch)
        return StepRecord(
            StepFacts(
                epoch: epoch, step: step, lr: rate, emaDecay: decay ?? 0, gradNorm: gradNorm),
            losses: losses)
    }

    /// The loss of one group, ready for `backward`.
    private func loss(of group: TrainingGroup, isFirst: Bool) throws(TorchError) -> Loss.Value {
        let dropPath = try group.dropPathSeed.map { (seed) throws(TorchError) in
            try RandomGenerator(seed: seed)
        }
        let logits = try withAutocast(autocast, on: device) { () throws(TorchError) in
            try network.logits(
                group.images,
                mode: .training(
                    updatesStatistics: isFirst, dropPath: dropPath, frozenStages: frozenStages))
        }
        return try loss(
            LossInputs(
                logits: logits, targets: group.targets, teacher: group.teacher,
                labeled: group.labeled))
    }

    /// What of a step is not finite: a weight, else the loss, else a gradient, else their norm.
    private func notFinite(_ losses: Measures) throws(TorchError) -> NotFinite {
        if let name = try firstNotFinite(network.store.parameters.map { ($0.name, $0.tensor) }) {
            return NotFinite(what: name)
        }
        guard losses.areFinite else { return NotFinite(what: "the loss") }
        let gradients = try zip(optimizer.parameters.names, optimizer.parameters.gradients())
        if let name = try firstNotFinite(gradients.map { ($0, $1) }) {
            return NotFinite(what: "the gradient of \(name)")
        }
        return NotFinite(what: "the gradients' norm")
    }
}
