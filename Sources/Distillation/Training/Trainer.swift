import Base
import Foundation
import Learning
import Loading
import Models
import Recipes
import Torch

/// Trains a network by a recipe: from cached responses and labels, or from labels alone.
///
/// The whole course stands here: epochs of steps, each epoch ended by the validation of the averaged
/// and the trained network and a checkpoint; at the end the mean of the best snapshots, which is the
/// result where no single one is better. Because views are a function of (seed, epoch, slot), a training
/// that was killed ends with the same bits as one that was not, on the CPU with the same number of
/// threads.
package final class Trainer {
    let setup: TrainingSetup
    private(set) var state: TrainingState
    /// What the run writes; open while it trains.
    private var log: RunLog?
    private var clock = Stopwatch()

    private var recipe: Recipe { setup.recipe }
    private var step: TrainingStep { setup.step }
    private var progress: any ProgressReporter { setup.progress }

    /// Prepares a training: locks the folder, opens data and caches, makes the network, and writes
    /// the first checkpoint or goes on from the last.
    ///
    /// - Throws: as `TrainingSetup.init`.
    package convenience init(
        recipe: Recipe, options: TrainingOptions, progress: any ProgressReporter
    ) throws {
        try self.init(TrainingSetup(recipe: recipe, options: options, progress: progress))
    }

    init(_ setup: TrainingSetup) throws {
        self.setup = setup
        state = try setup.begin()
    }

    /// Trains to the end, or to `maxSteps`.
    ///
    /// - Returns: the result, or `nil` if `maxSteps` ended the training; what is done and saved says
    ///   `position`.
    /// - Throws: `Interrupted` after a signal, with a checkpoint written unless images stopped coming
    ///   amid a step; `TrainingError` for a loss, a gradient or a weight that is not finite, with the
    ///   last good checkpoint kept.
    package func run() throws -> TrainingResult? {
        let isDone = state.epoch == recipe.schedule.epochs
        if let limit = setup.options.maxSteps, state.steps >= limit, !isDone { return nil }
        tellBeginning(isDone: isDone)
        let log = try RunLog(
            of: ObservedRun(
                folder: setup.folder, options: setup.options, state: state,
                schedule: setup.schedule, losses: step.loss.names, recipe: recipe,
                loader: setup.loader, network: step.network, progress: progress))
        self.log = log
        if !log.isKnown(to: state) { try save() }
        clock = Stopwatch()
        while state.epoch < recipe.schedule.epochs {
            guard try trainEpoch() else { return nil }
            try endEpoch()
        }
        return try finish()
    }

    private func tellBeginning(isDone: Bool) {
        TrainingHeader(setup).lines.forEach(progress.line)
        if isDone {
            progress.line("all \(state.epoch) epochs are trained: measuring their average")
        } else if state.steps > 0 {
            progress.line(
                "going on at epoch \(state.epoch + 1), step \(state.step) of "
                    + "\(setup.schedule.stepsPerEpoch)")
        }
        let warnings =
            [setup.emaWindow?.warning] + (setup.targets?.shares.map { $0.agreement?.warning } ?? [])
        for warning in warnings.compactMap({ $0 }) { progress.line("warning: \(warning)") }
        if let replayed = recipe.replayedEpochs {
            progress.line(
                "the cache's \(replayed) epochs are replayed: epoch e of the "
                    + "\(recipe.schedule.epochs) sees the views of epoch e mod \(replayed)")
        }
    }

    /// Where the last checkpoint stands.
    package var position: TrainingPosition {
        let saved = setup.checkpoints.saved ?? state
        return TrainingPosition(
            epoch: saved.epoch, epochs: recipe.schedule.epochs, step: saved.step,
            steps: saved.steps, checkpoint: setup.folder.checkpoint(saved.tensors))
    }

    /// Saves where the training stands; what the run has written so far is on the disk before.
    ///
    /// - Throws: `TrainingError` naming a tensor that is not finite; then the last checkpoint stays.
    func save() throws {
        try setup.publish(&state, log: log)
    }
}

// MARK: - An epoch

extension Trainer {
    /// Trains from the present step to the epoch's end.
    ///
    /// - Returns: false if `maxSteps` ended the training.
    private func trainEpoch() throws -> Bool {
        let plan = setup.loader.plan
        let epoch = recipe.viewEpoch(forTrainingEpoch: state.epoch)
        let groups = (state.step * recipe.batch.groups..<plan.groupsPerEpoch).map {
            (epoch: epoch, group: $0)
        }
        let views = UpcomingViews(
            groups, sizes: [recipe.view.size] + (setup.targets?.sizes(epoch: epoch) ?? []),
            by: setup.loader)
        progress.begin(
            "epoch \(state.epoch + 1)/\(recipe.schedule.epochs)", total: plan.slotsPerEpoch,
            unit: "images")
        defer { progress.end() }
        while state.step < plan.stepsPerEpoch {
            try provideTargets(epoch: epoch, views: views)
            let record = try trainStep(views)
            try log?.stepped(record)
            state.count(record.losses, seconds: clock.lap())
            progress.advance(
                to: state.step * recipe.batch.size,
                note: record.losses[Loss.total].map { String(format: "loss %.4f", $0) } ?? "")
            let isLast = state.steps == setup.options.maxSteps
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
    private func provideTargets(epoch: Int, views: UpcomingViews) throws {
        guard let targets = setup.targets else { return }
        let first = state.step * recipe.batch.groups
        do {
            try targets.provide(
                epoch: epoch, groups: first..<first + recipe.batch.groups, views: views
            ) { progress.advance(to: state.step * recipe.batch.size, note: $0) }
        } catch is Interrupted {
            try save()
            throw interrupted
        }
        // It counts as time of the run, not as speed of the training.
        state.seconds += clock.lap()
    }

    private func trainStep(_ views: UpcomingViews) throws -> StepRecord {
        do {
            return try step.take(epoch: state.epoch, step: state.step) { index in
                let group = try nextGroup(views, index: index)
                state.substituted += group.substitutions.count
                return try setup.inputs.group(group, epoch: state.epoch)
            }
        } catch let error as NotFinite {
            throw setup.failure(error, at: state)
        }
    }

    /// The views of a group of the step.
    ///
    /// - Throws: `Interrupted` where they do not come after a signal. The step before is saved then,
    ///   unless a group of this step has moved the running statistics already.
    private func nextGroup(_ views: UpcomingViews, index: Int) throws -> ViewGroup {
        do {
            var watch = Stopwatch()
            guard let group = try views.next() else {
                preconditionFailure("the views end early")
            }
            state.sums.waiting += watch.lap()
            return group
        } catch let error as Interrupted {
            guard index == 0 else { throw error }
            try save()
            throw interrupted
        }
    }

    private var interrupted: Interrupted {
        Interrupted(
            description: "stopped after step \(state.steps), which is saved")
    }
}

// MARK: - Its end, and the training's

extension Trainer {
    /// Validates, keeps the snapshot if it is among the best, records the epoch and saves.
    ///
    /// What was trained is saved before, so that nothing of it is lost if the validation fails or is
    /// interrupted: it is done again then.
    private func endEpoch() throws {
        try save()
        try setup.targets?.tellAgreements()
        let isRawDue = setup.rawMeasurement?.isDue(after: state.epoch) ?? false
        let measured = try validate(
            [step.validated] + (isRawDue ? [step.network] : []),
            "the validation of epoch \(state.epoch + 1)")
        let accuracy = try measured[0].get()
        let kept = try keepSnapshot(step.validated, accuracy, among: \.best, as: .best)
        var raw: Accuracy?
        if isRawDue {
            do throws(TrainingError) {
                raw = try measured[1].get()
            } catch {
                // Beside the training, which therefore goes on.
                progress.line("\(error); the trained network is not measured")
            }
        }
        if let raw { _ = try keepSnapshot(step.network, raw, among: \.raw, as: .raw) }
        state.seconds += clock.lap()
        try log?.epochEnded(record(accuracy, raw: raw, kept: kept))
        state.countEpoch(losses: step.loss.names)
        try save()
    }

    /// Writes a network where it is among its best snapshots, and where it is the best.
    private func keepSnapshot(
        _ network: any ImageClassifier, _ accuracy: Accuracy,
        among snapshots: WritableKeyPath<TrainingState, BestSnapshots>, as weights: RunWeights
    ) throws -> Bool {
        let snapshot = BestSnapshots.Snapshot(
            epoch: state.epoch, top1: accuracy.top1, top5: accuracy.top5,
            file: TrainingState.snapshotFile(epoch: state.epoch, of: weights))
        let kept = state[keyPath: snapshots].offer(snapshot)
        if kept {
            state[keyPath: snapshots].seal(
                try write(network, weights, to: setup.folder.checkpoint(snapshot.file)),
                epoch: state.epoch)
        }
        if state[keyPath: snapshots].best?.epoch == state.epoch {
            try write(network, weights, to: setup.folder.file(weights.fileName))
        }
        return kept
    }

    private func record(_ accuracy: Accuracy, raw: Accuracy?, kept: Bool) -> EpochRecord {
        let count = Double(max(state.sums.steps, 1))
        return EpochRecord(
            EpochFacts(
                epoch: state.epoch, viewEpoch: recipe.viewEpoch(forTrainingEpoch: state.epoch),
                lr: setup.schedule.rate(
                    epoch: state.epoch, step: setup.schedule.stepsPerEpoch - 1),
                top1: accuracy.top1, top5: accuracy.top5, rawTop1: raw?.top1, rawTop5: raw?.top5,
                kept: kept,
                imagesPerSecond: count * Double(recipe.batch.size) / max(state.sums.seconds, 1e-9),
                dataWait: min(state.sums.waiting / max(state.sums.seconds, 1e-9), 1),
                seconds: state.seconds, substituted: state.substituted),
            losses: state.sums.losses.divided(by: count))
    }

    /// Averages the best snapshots, validates the mean once, and says what the result is.
    private func finish() throws -> TrainingResult {
        let (average, averaged) = try average()
        let snapshots = try [candidate(state.best, .best), candidate(state.raw, .raw)]
            .compactMap { $0 }
        let choice = ResultChoice(
            average: .init(weights: .average, top1: average.top1, top5: average.top5),
            snapshots: snapshots, images: average.images)
        let chosen = choice.result
        let top5 =
            try chosen.top5
            ?? validate(chosen.weights, "the validation of \(chosen.weights.fileName)").top5
        setup.targets?.recountAgreements()
        state.seconds += clock.lap()
        let result = TrainingResult(
            name: recipe.name, model: recipe.model.name, weights: chosen.weights,
            reason: choice.reason, top1: chosen.top1, top5: top5, averageTop1: average.top1,
            bestTop1: choice.top1(of: .best), rawTop1: choice.top1(of: .raw),
            images: average.images, epochs: state.epoch,
            replayedEpochs: recipe.replayedEpochs, steps: state.steps,
            seconds: state.seconds,
            imagesPerSecond: Double(state.steps) * Double(recipe.batch.size)
                / max(state.trainingSeconds, 1e-9),
            averaged: averaged, teachers: setup.targets?.shares)
        try setup.card(of: result).write(to: setup.folder.file(RunFolder.cardName))
        try result.write(to: setup.folder.file(RunFolder.resultName))
        try log?.finished(result)
        return result
    }

    /// Writes the mean of the best snapshots and measures it.
    ///
    /// - Returns: its accuracy, and of how many it is.
    private func average() throws -> (accuracy: Accuracy, averaged: Int) {
        let kept = try state.best.kept.compactMap { snapshot in
            try setup.checkpoints.intact(snapshot) {
                progress.line("\($0); the average is without it")
            }
        }
        guard !kept.isEmpty else {
            throw TrainingError(
                "\(setup.folder.path): none of the \(state.best.kept.count) best snapshots is whole; "
                    + "restore one, or export the last weights", .snapshotsLost)
        }
        let mean = try WeightAverage.mean(of: kept)
        try SafetensorsFile.writeSealed(
            mean.map { ($0.name, $0.tensor) }, metadata: setup.description.metadata,
            to: setup.folder.file(RunWeights.average.fileName))
        return (try validate(.average, "the validation of the average"), kept.count)
    }

    /// A network's best snapshot, if there is one whose file is whole.
    private func candidate(
        _ snapshots: BestSnapshots, _ weights: RunWeights
    ) throws -> ResultChoice.Candidate? {
        guard let snapshot = snapshots.best,
            try setup.checkpoints.publish(
                snapshot, as: weights,
                notice: { progress.line("\($0); it cannot be the result") })
        else { return nil }
        return .init(weights: weights, top1: snapshot.top1, top5: snapshot.top5)
    }

    @discardableResult
    private func write(
        _ network: any ImageClassifier, _ weights: RunWeights, to path: String
    ) throws -> UInt32 {
        let entries = network.store.entries.map { (name: $0.name, tensor: $0.tensor) }
        if let name = try firstNotFinite(entries) {
            let of = weights == .raw ? "trained" : "averaged"
            throw setup.failure(NotFinite(what: "\(name) of the \(of) network"), at: state)
        }
        return try network.store.save(to: path, metadata: setup.description.metadata)
    }

    /// Measures weights that are in the run's folder.
    private func validate(_ weights: RunWeights, _ what: String) throws -> Accuracy {
        let network = try recipe.makeNetwork(on: setup.options.device)
        try network.store.load(SafetensorsFile(path: setup.folder.file(weights.fileName)))
        return try validate([network], what)[0].get()
    }

    /// Measures networks on the validation images.
    ///
    /// - Parameter what: what this is, for messages: `the validation of epoch 3`.
    /// - Returns: as `Evaluator.accuracies`.
    /// - Throws: `Interrupted` after a signal; `TrainingError` for an image that cannot be used. The
    ///   training up to here is saved.
    private func validate(
        _ networks: [any ImageClassifier], _ what: String
    ) throws -> [Result<Accuracy, TrainingError>] {
        let images = setup.validation.images
        progress.begin("validation", total: images, unit: "images")
        defer { progress.end() }
        do {
            return try setup.validation.evaluator.accuracies(of: networks) { done in
                progress.advance(to: done, note: "")
                // What is measured after the last batch is worth keeping.
                guard done < images, Interruption.requested else { return }
                throw Interrupted(
                    description: "stopped in \(what); the training up to step \(state.steps) is "
                        + "saved")
            }
        } catch let error as DatasetError {
            // Why an image is an error although the recipe substitutes others.
            let advice =
                recipe.data.onError == .substitute
                ? "; data.on_error holds for training images only" : ""
            throw TrainingError(
                "\(error) (in \(what); the training up to step \(state.steps) is saved)" + advice)
        }
    }
}
