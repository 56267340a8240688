import Base
import Foundation
import Models
import Recipes
import Torch

/// One epoch, as `metrics.jsonl` records it.
struct EpochRecord: Codable {
    let epoch: Int
    let viewEpoch: Int
    let loss: Double
    let ce: Double
    let kl: Double
    let lr: Double
    let top1: Double
    let top5: Double
    let kept: Bool
    let imagesPerSecond: Double
    let seconds: Double
    let substituted: Int

    enum CodingKeys: String, CodingKey {
        case epoch, loss, ce, kl, lr, top1, top5, kept, seconds, substituted
        case viewEpoch = "view_epoch"
        case imagesPerSecond = "images_per_second"
    }
}

/// What a finished training came to, as `result.json` holds it.
package struct TrainingResult: Codable, Equatable, Sendable {
    /// The recipe's name.
    package let name: String
    /// The network's name.
    package let model: String
    /// Top-1 accuracy of the averaged network on the validation images, in percent.
    package let top1: Double
    /// Top-5 accuracy of the same, in percent.
    package let top5: Double
    /// Top-1 accuracy of the best single snapshot, in percent.
    package let bestTop1: Double
    /// Validation images.
    package let images: Int
    /// Epochs trained.
    package let epochs: Int
    /// Epochs of views that were replayed in turn, where they are fewer than those trained.
    package let replayedEpochs: Int?
    /// Optimizer steps taken.
    package let steps: Int
    /// Wall time in all, in seconds, over all starts.
    package let seconds: Double
    /// Training images for each second spent in steps.
    package let imagesPerSecond: Double
    /// Snapshots averaged.
    package let averaged: Int
    /// The teachers that were learned from, in the recipe's order; `nil` for labels alone.
    package let teachers: [TeacherShare]?

    enum CodingKeys: String, CodingKey {
        case name, model, top1, top5, images, epochs, steps, seconds, averaged, teachers
        case bestTop1 = "best_top1"
        case replayedEpochs = "replayed_epochs"
        case imagesPerSecond = "images_per_second"
    }
}

/// Where a training stands that has not come to its end.
package struct TrainingPosition: Equatable, Sendable {
    /// The epoch under way, from 0.
    package let epoch: Int
    /// Epochs in all.
    package let epochs: Int
    /// The next step within the epoch.
    package let step: Int
    /// Optimizer steps taken in all.
    package let steps: Int
    /// The path of the last checkpoint's tensors.
    package let checkpoint: String
}

extension Trainer {
    /// Where the last checkpoint stands.
    package var position: TrainingPosition {
        let saved = checkpoints.saved ?? state
        return TrainingPosition(
            epoch: saved.epoch, epochs: recipe.schedule.epochs, step: saved.step,
            steps: saved.steps, checkpoint: folder.checkpoint(saved.tensors))
    }

    /// Saves where the training stands.
    ///
    /// The logs are on the disk before the checkpoint that counts their lines.
    ///
    /// - Throws: `TrainingError` naming a tensor that is not finite; then the last checkpoint stays.
    func save() throws {
        if let name = try firstNotFinite(tensors) { throw failure("\(name) is not finite") }
        try trace?.synchronize()
        state.metrics = metrics?.checksum.hexadecimal ?? state.metrics
        state.trace = trace?.checksum.hexadecimal ?? state.trace
        try checkpoints.save(&state, tensors: tensors)
    }

    /// Validates, keeps the snapshot if it is among the best, records the epoch and saves.
    ///
    /// What was trained is saved before, so that nothing of it is lost if the validation fails or is
    /// interrupted: it is done again then.
    func endEpoch(clock: inout Stopwatch) throws {
        try save()
        let accuracy = try validate(
            validated, "the validation of epoch \(state.epoch + 1)")
        let snapshot = BestSnapshots.Snapshot(
            epoch: state.epoch, top1: accuracy.top1,
            file: TrainingState.snapshotFile(epoch: state.epoch))
        let kept = state.best.offer(snapshot)
        if kept {
            state.best.seal(
                try save(validated, to: folder.checkpoint(snapshot.file)), epoch: state.epoch)
        }
        if state.best.best?.epoch == state.epoch {
            try save(validated, to: folder.file(RunFolder.bestName))
        }
        state.seconds += clock.lap()
        let count = Double(max(state.sums.steps, 1))
        let record = EpochRecord(
            epoch: state.epoch, viewEpoch: recipe.viewEpoch(forTrainingEpoch: state.epoch),
            loss: state.sums.loss / count, ce: state.sums.ce / count,
            kl: state.sums.kl / count,
            lr: schedule.rate(epoch: state.epoch, step: schedule.stepsPerEpoch - 1),
            top1: accuracy.top1, top5: accuracy.top5, kept: kept,
            imagesPerSecond: count * Double(recipe.batch.size) / max(state.sums.seconds, 1e-9),
            seconds: state.seconds, substituted: state.substituted)
        try metrics?.append(record)
        try metrics?.synchronize()
        progress.line(
            String(
                format: "epoch %3ld/%ld  loss %.4f  ce %.4f  kl %.4f  top-1 %.2f  %.1f images/s",
                state.epoch + 1, recipe.schedule.epochs, record.loss, record.ce, record.kl,
                record.top1, record.imagesPerSecond))
        if state.substituted > 0 {
            progress.line("\(state.substituted) images so far were replaced: not decodable")
        }
        state.epoch += 1
        state.step = 0
        state.sums = .init()
        try save()
    }

    /// Averages the best snapshots, validates the mean once and writes the result.
    func finish(clock: inout Stopwatch) throws -> TrainingResult {
        let kept = try state.best.kept.compactMap { snapshot in
            try checkpoints.intact(snapshot) { progress.line("\($0); the average is without it") }
        }
        guard !kept.isEmpty else {
            throw TrainingError(
                "\(folder.path): none of the \(state.best.kept.count) best snapshots is whole; restore "
                    + "one, or export the last weights (export --which last)")
        }
        let average = folder.file(RunFolder.averageName)
        let mean = try WeightAverage.mean(of: kept)
        try SafetensorsFile.writeSealed(
            mean.map { ($0.name, $0.tensor) }, metadata: metadata, to: average)
        let network = try recipe.makeNetwork(on: options.device)
        try network.store.load(SafetensorsFile(path: average))
        let accuracy = try validate(network, "the validation of the average")
        state.seconds += clock.lap()
        let result = TrainingResult(
            name: recipe.name, model: recipe.model.name, top1: accuracy.top1,
            top5: accuracy.top5, bestTop1: state.best.best?.top1 ?? accuracy.top1,
            images: accuracy.images, epochs: state.epoch,
            replayedEpochs: recipe.replayedEpochs, steps: state.steps,
            seconds: state.seconds,
            imagesPerSecond: Double(state.steps) * Double(recipe.batch.size)
                / max(state.trainingSeconds, 1e-9),
            averaged: kept.count, teachers: responses?.shares)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(encoder.encode(result), to: folder.file(RunFolder.resultName))
        return result
    }

    @discardableResult
    private func save(_ network: any ImageClassifier, to path: String) throws -> UInt32 {
        let entries = network.store.entries.map { (name: $0.name, tensor: $0.tensor) }
        if let name = try firstNotFinite(entries) {
            throw failure("\(name) of the averaged network is not finite")
        }
        return try network.store.save(to: path, metadata: metadata)
    }

    /// What weight files say of themselves.
    private var metadata: [String: String] {
        ["model": recipe.model.name, "recipe": recipe.name, "format": "pt"]
    }
}
