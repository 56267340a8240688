import Base
import Foundation
import Loading
import Models
import Recipes
import ResponseCache
import Torch
import Views

/// Trains a network by a recipe: from cached responses and labels, or from labels alone.
///
/// A step is: forward and backward of each group, optimizer, EMA, and the next learning rate; an
/// epoch ends with the validation of the EMA network and a checkpoint. Because views are a function
/// of (seed, epoch, slot), a training that was killed ends with the same bits as one that was not,
/// on the CPU with the same number of threads.
public final class Trainer {
    /// What a training is asked for besides its recipe.
    public struct Options: Sendable {
        /// The run's folder.
        public var out: String
        /// The response caches, one for each teacher, in any order; needed where the recipe's
        /// `loss.kl` is above zero.
        public var caches: [String] = []
        /// What is done about responses that are not in the cache.
        public var missing = MissingResponses.refuse
        /// Weights to start from, as safetensors.
        public var initial: String?
        /// Stop after this many optimizer steps in all.
        public var maxSteps: Int?
        /// A file that gets one JSON line for each step.
        public var trace: String?
        /// Go on with the training that `out` holds.
        public var resume = false
        /// Where to train.
        public var device = Device.cpu
        /// How views are rendered ahead.
        public var loading = LoadingOptions(
            workers: ProcessInfo.processInfo.activeProcessorCount)

        /// Makes options for a run's folder.
        public init(out: String) { self.out = out }
    }

    let recipe: Recipe
    let options: Options
    let folder: RunFolder
    let checkpoints: CheckpointStore
    let progress: any ProgressReporter
    let loader: ViewLoader
    let mixer: Mixer
    let evaluator: Evaluator
    let validationImages: Int
    let responses: TeacherResponses?
    let network: any ImageClassifier
    let ema: ExponentialMovingAverage?
    let optimizer: any Optimizer
    let loss: DistillationLoss
    let schedule: LearningRateSchedule
    var state: TrainingState

    /// Prepares a training: opens data, cache and folder, makes the network.
    ///
    /// - Throws: `RecipeError`, `DatasetError`, `CacheError`, `TorchError` or `TrainingError`, each
    ///   one line, before anything is written but the run's folder.
    public init(recipe: Recipe, options: Options, progress: any ProgressReporter) throws {
        self.recipe = recipe
        self.options = options
        self.progress = progress
        loader =
            try recipe.learnsFromTeachers
            ? ViewLoader(checksumming: recipe, options: options.loading)
            : ViewLoader(recipe: recipe, options: options.loading)
        mixer = Mixer(recipe: recipe, device: options.device)
        let validation = try ImageDataset(
            recipe.data.val, expectedClasses: recipe.data.classes)
        guard validation.classes == loader.dataset.classes else {
            throw TrainingError(
                "\(recipe.data.val) and \(recipe.data.train) have different classes; labels "
                    + "would not mean the same")
        }
        for notice in loader.dataset.notices + validation.notices { progress.line(notice) }
        try validation.checkValidationImages(workers: options.loading.workers)
        validationImages = validation.samples.count
        evaluator = try Evaluator(
            EvaluationLoader(
                validation, transform: recipe.validation.transform,
                batch: recipe.validation.batch, options: options.loading),
            mean: recipe.view.mean, std: recipe.view.std, device: options.device)
        responses = try Self.openResponses(options, loader, progress)

        let network = try recipe.makeNetwork(on: options.device)
        self.network = network
        if let initial = options.initial {
            try network.store.load(SafetensorsFile(path: initial))
        }
        ema = try recipe.ema.map { section in
            try ExponentialMovingAverage(
                of: network, into: recipe.makeNetwork(on: options.device), decay: section.decay,
                beta: section.beta)
        }
        optimizer = try recipe.optimizer.make(for: network)
        loss = DistillationLoss(kl: recipe.loss.kl, ce: recipe.loss.ce)
        schedule = recipe.learningRateSchedule(stepsPerEpoch: loader.plan.stepsPerEpoch)

        folder = try RunFolder(options.out, recipe: recipe, resume: options.resume)
        checkpoints = CheckpointStore(folder: folder)
        state = TrainingState(best: BestSnapshots(keep: recipe.average.keep))
        if let saved = try TrainingState.latest(inRun: options.out) {
            try checkpoints.restore(saved, into: tensors)
            state = saved
            optimizer.steps = saved.steps
        }
    }

    /// Trains to the end, or to `maxSteps`.
    ///
    /// - Returns: the result of the averaged network, or `nil` if `maxSteps` ended the training.
    /// - Throws: `Interrupted` after a signal, with a checkpoint written; `TrainingError` for a loss
    ///   that is not finite, with the last good checkpoint kept.
    public func run() throws -> TrainingResult? {
        if let limit = options.maxSteps, state.steps >= limit { return nil }
        if state.steps > 0 {
            progress.line(
                "going on at epoch \(state.epoch + 1), step \(state.step) of "
                    + "\(loader.plan.stepsPerEpoch)")
        }
        if let replayed = recipe.replayedEpochs {
            progress.line(
                "the cache's \(replayed) epochs are replayed: epoch e of the "
                    + "\(recipe.schedule.epochs) sees the views of epoch e mod \(replayed)")
        }
        let metrics = try JSONLines(folder.file("metrics.jsonl"), keep: state.epoch)
        let trace = try options.trace.map { try JSONLines($0, keep: state.steps) }
        var clock = Stopwatch()
        while state.epoch < recipe.schedule.epochs {
            guard try trainEpoch(trace: trace, clock: &clock) else { return nil }
            try endEpoch(metrics: metrics, clock: &clock)
        }
        return try finish(clock: &clock)
    }

    /// The network whose accuracy counts: the EMA, or the trained one where the recipe has none.
    var validated: any ImageClassifier { ema?.network ?? network }

    /// Every tensor of a checkpoint.
    var tensors: [(name: String, tensor: Tensor)] {
        let averaged = ema?.network.store.entries ?? []
        return network.store.entries.map { ("model.\($0.name)", $0.tensor) }
            + averaged.map { ("ema.\($0.name)", $0.tensor) }
            + optimizer.state.map { ("optimizer.\($0.name)", $0.tensor) }
    }

    /// Opens the caches that the recipe's loss needs and checks that they are the right ones.
    private static func openResponses(
        _ options: Options, _ loader: ViewLoader, _ progress: any ProgressReporter
    ) throws -> TeacherResponses? {
        let recipe = loader.plan.recipe
        let teachers = recipe.teachers.count
        guard recipe.learnsFromTeachers else {
            guard options.missing == .refuse else {
                throw TrainingError(
                    "recipe \(recipe.name) learns from labels alone (loss.kl \(recipe.loss.kl)): "
                        + "leave out --build-cache and --wait")
            }
            return nil
        }
        guard !options.caches.isEmpty else {
            throw TrainingError(
                teachers == 1
                    ? "recipe \(recipe.name) learns from a teacher (loss.kl \(recipe.loss.kl)): pass "
                        + "--cache DIR, made by understudy cache build"
                    : "recipe \(recipe.name) learns from \(teachers) teachers (loss.kl "
                        + "\(recipe.loss.kl)): pass --cache DIR for each, made by understudy cache "
                        + "build --teacher NAME")
        }
        return try TeacherResponses(
            directories: options.caches, missing: options.missing, device: options.device,
            loader: loader, progress: progress)
    }
}

extension Recipe {
    /// The recipe's network with freshly drawn weights.
    ///
    /// - Throws: `TrainingError` for an unknown name, listing the known ones.
    public func makeNetwork(on device: Device) throws -> any ImageClassifier {
        guard let architecture = Registry.architecture(named: model.name) else {
            throw TrainingError(
                "recipe \(name): no model '\(model.name)'; known: "
                    + Registry.names.joined(separator: ", "))
        }
        return try Registry.make(
            architecture, classes: data.classes, device: device, seed: seed,
            initialization: model.initialization, dropPath: model.dropPath)
    }

    /// Whether responses count in the loss.
    var learnsFromTeachers: Bool { loss.kl > 0 && !teachers.isEmpty }

    /// The number of view epochs, where it is below that of training epochs.
    var replayedEpochs: Int? {
        cache.flatMap { $0.epochs < schedule.epochs ? $0.epochs : nil }
    }

    /// The recipe's learning rates, for a number of steps in each epoch.
    public func learningRateSchedule(stepsPerEpoch: Int) -> LearningRateSchedule {
        LearningRateSchedule(
            rate: optimizer.lr, epochs: schedule.epochs, warmup: schedule.warmup,
            cooldown: schedule.cooldown, finalRatio: schedule.finalRatio,
            stepsPerEpoch: stepsPerEpoch)
    }
}

/// Measures laps of wall time.
struct Stopwatch {
    private var last = ContinuousClock.now

    /// Seconds since the last lap.
    mutating func lap() -> Double {
        let now = ContinuousClock.now
        defer { last = now }
        return last.duration(to: now).seconds
    }
}
