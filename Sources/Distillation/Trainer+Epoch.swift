import Base
import Foundation
import Loading
import Models
import Recipes
import ResponseCache
import Torch
import Views

/// One step, as `--trace` records it.
struct StepRecord: Codable {
    let epoch: Int
    let step: Int
    let loss: Double
    let ce: Double
    let kl: Double
    let lr: Double
    let emaDecay: Double
    let gradNorm: Double

    enum CodingKeys: String, CodingKey {
        case epoch, step, loss, ce, kl, lr
        case emaDecay = "ema_decay"
        case gradNorm = "grad_norm"
    }
}

extension Trainer {
    /// Trains from the present step to the epoch's end.
    ///
    /// - Returns: false if `maxSteps` ended the training.
    func trainEpoch(clock: inout Stopwatch) throws -> Bool {
        let plan = loader.plan
        let epoch = recipe.viewEpoch(forTrainingEpoch: state.epoch)
        let groups = (state.step * recipe.batch.groups..<plan.groupsPerEpoch).map {
            (epoch: epoch, group: $0)
        }
        let views = EpochViews(
            groups, sizes: [recipe.view.size] + (responses?.sizes(epoch: epoch) ?? []), by: loader)
        progress.begin(
            "epoch \(state.epoch + 1)/\(recipe.schedule.epochs)", total: plan.slotsPerEpoch,
            unit: "images")
        defer { progress.end() }
        while state.step < plan.stepsPerEpoch {
            try provideResponses(epoch: epoch, views: views, clock: &clock)
            let record = try trainStep(views)
            try trace?.append(record)
            state.step += 1
            state.steps += 1
            state.sums.loss += record.loss
            state.sums.ce += record.ce
            state.sums.kl += record.kl
            state.sums.steps += 1
            let seconds = clock.lap()
            state.sums.seconds += seconds
            state.trainingSeconds += seconds
            state.seconds += seconds
            progress.advance(
                to: state.step * recipe.batch.size,
                note: String(format: "loss %.4f", record.loss))
            let isLast = state.steps == options.maxSteps
            // Read once: what is saved and what is said must come of one answer.
            let isInterrupted = Interruption.requested
            if isLast || isInterrupted || state.steps.isMultiple(of: recipe.checkpoint.everySteps) {
                try save()
            }
            if isLast { return false }
            if isInterrupted { throw interrupted }
        }
        return true
    }

    /// Has the responses to the present step computed or waits for them, where they are missing.
    private func provideResponses(
        epoch: Int, views: EpochViews, clock: inout Stopwatch
    ) throws {
        guard let responses else { return }
        let first = state.step * recipe.batch.groups
        do {
            try responses.provide(
                epoch: epoch, groups: first..<first + recipe.batch.groups, views: views
            ) { progress.advance(to: state.step * recipe.batch.size, note: $0) }
        } catch is Interrupted {
            try save()
            throw interrupted
        }
        // It counts as time of the run, not as speed of the training.
        state.seconds += clock.lap()
    }

    private var interrupted: Interrupted {
        Interrupted(
            description: "stopped after step \(state.steps), which is saved; "
                + "the same command with --resume goes on from there")
    }

    /// Takes one optimizer step over the groups of a batch.
    private func trainStep(_ views: EpochViews) throws -> StepRecord {
        let groups = recipe.batch.groups
        var sums: [Tensor] = []
        for index in 0..<groups {
            guard let group = try nextGroup(views, index: index) else {
                preconditionFailure("the views end early")
            }
            let value = try lossOfGroup(group, index: index)
            // Gradients accumulate to their mean over groups, as DDP averages over ranks.
            try (value.total / Double(groups)).backward()
            sums.append(
                try Tensor.stacked(
                    [value.total.detached(), value.ce, value.kl], dimension: 0))
            state.substituted += group.substitutions.count
        }
        let means = try Tensor.stacked(sums, dimension: 0).mean(dimensions: [0])
        let norm = try optimizer.gradientNorm()
        // The one read of a step, before anything is changed by it.
        let figures = try Tensor.concatenated([means, norm.reshaped([1])], dimension: 0)
            .floats().map(Double.init)
        guard figures.allSatisfy(\.isFinite) else { throw try notFinite(figures) }
        let rate = schedule.rate(epoch: state.epoch, step: state.step)
        try optimizer.step(rate: rate, norm: norm)
        try optimizer.parameters.clearGradients()
        let decay = try ema?.update(
            step: state.steps + 1, of: schedule.epochs * schedule.stepsPerEpoch)
        return StepRecord(
            epoch: state.epoch, step: state.step, loss: figures[0], ce: figures[1],
            kl: figures[2], lr: rate, emaDecay: decay ?? 0, gradNorm: figures[3])
    }

    /// The views of a group of the step.
    ///
    /// - Throws: `Interrupted` where they do not come after a signal. The step before is saved then,
    ///   unless a group of this step has moved the running statistics already.
    private func nextGroup(_ views: EpochViews, index: Int) throws -> ViewGroup? {
        do {
            return try views.next()
        } catch let error as Interrupted {
            guard index == 0 else { throw error }
            try save()
            throw interrupted
        }
    }

    /// The loss of one group of the step, ready for `backward`.
    private func lossOfGroup(
        _ group: ViewGroup, index: Int
    ) throws -> DistillationLoss.Value {
        let batch = try mixer.batch(
            group.pixels(size: recipe.view.size), labels: group.labels,
            draw: loader.plan.mix(epoch: group.epoch, group: group.group))
        let teacher = try responses.map { try teacherRows($0.mixture, group: group) }
        // Random depth is drawn anew from the step's own seed, so that a resumed run repeats it.
        let dropPath =
            recipe.model.dropPath > 0
            ? try RandomGenerator(seed: dropPathSeed(group: group.group)) : nil
        let logits = try withAutocast(recipe.precision.autocast, on: options.device) {
            () throws(TorchError) in
            try network.logits(
                batch.images,
                mode: .training(updatesStatistics: index == 0, dropPath: dropPath))
        }
        return try loss(logits: logits, targets: batch.targets, teacher: teacher)
    }

    /// The responses to a group's views, after a check that the views are the same pixels.
    private func teacherRows(_ mixture: ResponseMixture, group: ViewGroup) throws -> Tensor {
        let slots = loader.plan.slots(ofGroup: group.group)
        try mixture.check(
            pixels: group.pixelChecksum, epoch: group.epoch, group: group.group)
        let rows = try mixture.rows(epoch: group.epoch, slots: slots)
        return try Tensor(rows, shape: [slots.count, recipe.data.classes]).to(options.device)
    }

    /// The seed of a group's stochastic depth: the training epoch's, so that replayed views drop
    /// other branches.
    private func dropPathSeed(group: Int) -> UInt64 {
        var stream = DrawStream(
            seed: recipe.seed, epoch: state.epoch, slot: group, purpose: .dropPath)
        return stream.bits()
    }

    /// What is said of a step whose loss or gradient is not finite; nothing was changed by it.
    ///
    /// - Parameter figures: the mean loss, its two terms, and the gradients' norm.
    private func notFinite(_ figures: [Double]) throws -> TrainingError {
        if let name = try firstNotFinite(network.store.parameters.map { ($0.name, $0.tensor) }) {
            return failure("\(name) is not finite")
        }
        guard figures[..<3].allSatisfy(\.isFinite) else {
            return failure("the loss is not finite")
        }
        let gradients = try zip(optimizer.parameters.names, optimizer.parameters.gradients())
        if let name = try firstNotFinite(gradients.map { ($0, $1) }) {
            return failure("the gradient of \(name) is not finite")
        }
        return failure("the gradients' norm is not finite")
    }

    /// An error of the present step.
    func failure(_ what: String) -> TrainingError {
        let first = state.step * recipe.batch.size
        let kept =
            checkpoints.saved.map { "the last good checkpoint is \($0.tensors)" }
            ?? "no checkpoint was written yet"
        return TrainingError(
            "\(what) at epoch \(state.epoch), step \(state.step) (slots "
                + "\(first)..<\(first + recipe.batch.size)); \(kept); lower optimizer.lr or use "
                + "precision fp32")
    }
}
