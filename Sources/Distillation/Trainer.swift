import Base
import Foundation
import Loading
import Models
import Recipes
import ResponseCache
import StrictYAML
import Torch
import Views

/// Trains a network by a recipe: from cached responses and labels, or from labels alone.
///
/// A step is: forward and backward of each group, optimizer, EMA, and the next learning rate; an
/// epoch ends with the validation of the EMA network and a checkpoint. Because views are a function
/// of (seed, epoch, slot), a training that was killed ends with the same bits as one that was not,
/// on the CPU with the same number of threads.
package final class Trainer {
    /// What a training is asked for besides its recipe.
    package struct Options: Sendable {
        /// The run's folder.
        package var out: String
        /// The response caches, one for each teacher, in any order; needed where the recipe's
        /// `loss.kl` is above zero.
        package var caches: [String] = []
        /// What is done about responses that are not in the cache.
        package var missing = MissingResponses.refuse
        /// Weights to start from, as safetensors.
        package var initial: String?
        /// Stop after this many optimizer steps in all.
        package var maxSteps: Int?
        /// A file that gets one JSON line for each step.
        package var trace: String?
        /// Go on with the training that `out` holds.
        package var resume = false
        /// Where to train.
        package var device = Device.cpu
        /// How views are rendered ahead.
        package var loading = LoadingOptions(workers: Cores.usable.count)

        /// Makes options for a run's folder.
        package init(out: String) { self.out = out }
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
    /// One line for each epoch; open while the training runs.
    private(set) var metrics: JSONLines<EpochRecord>?
    /// One line for each step, where one is asked for; likewise.
    private(set) var trace: JSONLines<StepRecord>?

    /// Prepares a training: locks the folder, opens data and caches, makes the network, and writes
    /// the first checkpoint or goes on from the last.
    ///
    /// - Throws: `YAMLError`, `DatasetError`, `CacheError`, `TorchError` or `TrainingError`, each
    ///   one line; then a folder that was not there is not there either. `Interrupted` by a signal
    ///   while a cache is not there yet.
    package init(recipe: Recipe, options: Options, progress: any ProgressReporter) throws {
        self.recipe = recipe
        self.options = options
        self.progress = progress
        let notice = { (text: String) in progress.line(text) }
        let folder = try RunFolder(options.out, resume: options.resume)
        self.folder = folder
        if let trace = options.trace {
            guard !folder.makes(trace) else {
                throw TrainingError(
                    "\(trace): is a file of the run itself; choose another for the trace")
            }
            try JSONLines<StepRecord>.check(trace, "trace", isNew: !folder.holdsRun)
        }
        let checkpoints = CheckpointStore(folder: folder)
        self.checkpoints = checkpoints
        let begun = checkpoints.identity()
        if folder.holdsRun, begun != nil || folder.holdsRecipe {
            try folder.compare(recipe, checkpoint: begun?.identity.recipe, notice: notice)
        }

        let loader =
            try recipe.learnsFromTeachers
            ? ViewLoader(checksumming: recipe, options: options.loading)
            : ViewLoader(recipe: recipe, options: options.loading)
        self.loader = loader
        try loader.checkMemory(sizes: [recipe.view.size], on: options.device)
        mixer = Mixer(recipe: recipe, device: options.device)
        let validation = try ImageDataset(
            recipe.data.val, expectedClasses: recipe.data.classes)
        guard validation.classes == loader.dataset.classes else {
            throw TrainingError(
                "\(recipe.data.val) and \(recipe.data.train) have different classes; labels "
                    + "would not mean the same")
        }
        for notice in loader.dataset.notices + validation.notices { progress.line(notice) }
        validationImages = validation.samples.count
        // Before all of it is read for its digest.
        let initial = try options.initial.map { try SafetensorsFile(path: $0) }
        var identity = RunIdentity(
            recipe: recipe, train: loader.dataset, val: validation,
            initial: try initial.map { try Fingerprint.sha256(ofFile: $0.path) })
        // Before a cache is begun or waited for in vain.
        try begun?.identity.check(identity, run: options.out, isMeasured: begun?.isMeasured == true)
        try validation.checkValidationImages(workers: options.loading.workers)
        let batches = EvaluationLoader(
            validation, transform: recipe.validation.transform, batch: recipe.validation.batch,
            options: options.loading)
        try batches.checkMemory(on: options.device)
        evaluator = try Evaluator(
            batches, mean: recipe.view.mean, std: recipe.view.std, device: options.device)
        let network = try recipe.makeNetwork(on: options.device)
        self.network = network
        try network.checkBatchNorm(of: recipe)
        if begun == nil, let initial {
            try network.load(initial).forEach(progress.line)
        }
        responses = try Self.openResponses(options, loader, progress)
        identity.responses = responses?.identities ?? []
        ema = try recipe.ema.map { section in
            try ExponentialMovingAverage(
                of: network, into: recipe.makeNetwork(on: options.device), decay: section.decay,
                beta: section.beta)
        }
        optimizer = try recipe.optimizer.make(for: network)
        loss = DistillationLoss(kl: recipe.loss.kl, ce: recipe.loss.ce)
        schedule = recipe.learningRateSchedule(stepsPerEpoch: loader.plan.stepsPerEpoch)
        // The gradients, and what an optimizer's step makes of them and of the moments.
        let parameters = optimizer.parameters.tensors.reduce(0) { $0 + $1.count * $1.dtype.size }
        try MappingLimit.require(
            MappingLimit.roomToCompute(threads: Threads.count + options.loading.workers)
                + (options.device == .cpu ? 3 * parameters : 0))
        state = TrainingState(keep: recipe.average.keep)

        if folder.holdsRun, let saved = try restored(identity) {
            if !saved.isMeasured, saved.identity?.val.difference(from: identity.val) != nil {
                notice("the validation images are others now; none were measured yet")
            }
            state = saved
            optimizer.steps = saved.steps
            // A state of an earlier version does not say; then it was what is named now.
            if let saved = saved.identity { identity.initial = saved.initial }
            state.adopt(identity)
            if saved.isUnsealed { try save() }
        } else {
            try folder.begin()
            state.adopt(identity)
            try save()
        }
        try folder.write(recipe)
    }

    /// The state that the run goes on from, whose tensors are in place.
    private func restored(_ identity: RunIdentity) throws -> TrainingState? {
        try checkpoints.restore(
            into: tensors, recipe: recipe, stepsPerEpoch: loader.plan.stepsPerEpoch,
            notice: progress.line
        ) { state in
            try folder.compare(
                recipe, checkpoint: state.identity?.recipe, notice: { _ in })
            try state.identity?.check(
                identity, run: options.out, isMeasured: state.isMeasured)
        }
    }

    /// Trains to the end, or to `maxSteps`.
    ///
    /// - Returns: the result of the averaged network, or `nil` if `maxSteps` ended the training; what
    ///   is done and saved says `position`.
    /// - Throws: `Interrupted` after a signal, with a checkpoint written unless images stopped coming
    ///   amid a step; `TrainingError` for a loss, a gradient or a weight that is not finite, with the
    ///   last good checkpoint kept.
    package func run() throws -> TrainingResult? {
        let isDone = state.epoch == recipe.schedule.epochs
        if let limit = options.maxSteps, state.steps >= limit, !isDone { return nil }
        if isDone {
            progress.line("all \(state.epoch) epochs are trained: measuring their average")
        } else if state.steps > 0 {
            progress.line(
                "going on at epoch \(state.epoch + 1), step \(state.step) of "
                    + "\(loader.plan.stepsPerEpoch)")
        }
        if let replayed = recipe.replayedEpochs {
            progress.line(
                "the cache's \(replayed) epochs are replayed: epoch e of the "
                    + "\(recipe.schedule.epochs) sees the views of epoch e mod \(replayed)")
        }
        try openLogs()
        var clock = Stopwatch()
        while state.epoch < recipe.schedule.epochs {
            guard try trainEpoch(clock: &clock) else { return nil }
            try endEpoch(clock: &clock)
        }
        return try finish(clock: &clock)
    }

    /// Opens `metrics.jsonl` and the trace where the training goes on with them.
    private func openLogs() throws {
        let log = folder.file(RunFolder.metricsName)
        var link = stat()
        guard lstat(log, &link) != 0 || link.st_mode & S_IFMT == S_IFREG else {
            throw TrainingError("\(log): is no file of the run's own; move it away")
        }
        metrics = try JSONLines<EpochRecord>(
            log, keep: state.epoch, notice: progress.line,
            accept: { checksum, _ in
                guard let known = state.metrics, known != checksum.hexadecimal else { return }
                progress.line(
                    "\(log): is not as the checkpoint left it; the training is not affected")
            }, position: \.epoch)
        guard let path = options.trace else { return }
        let stepsPerEpoch = loader.plan.stepsPerEpoch
        let trace = try JSONLines<StepRecord>(
            path, keep: state.steps, notice: progress.line,
            accept: { checksum, records in
                let isOurs = state.trace.map { $0 == checksum.hexadecimal } ?? false
                guard records == 0 || isOurs else {
                    throw TrainingError(
                        "\(path): is not as this run left it, or is the trace of another training, "
                            + "and would be lost; choose another file, or remove it")
                }
            }
        ) { record in
            let (start, overflow) = record.epoch.multipliedReportingOverflow(by: stepsPerEpoch)
            guard !overflow, (0..<stepsPerEpoch).contains(record.step) else { return .max }
            return start.addingReportingOverflow(record.step).partialValue
        }
        self.trace = trace
        // From now on its lines are known for this run's, though no step is saved yet.
        if state.trace != trace.checksum.hexadecimal { try save() }
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
        let recipe = loader.recipe
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
    /// - Throws: `TrainingError` for an unknown name, listing the known ones, or for images of a size
    ///   that the network does not take; `TorchError` for an initialization that it has not.
    package func makeNetwork(on device: Device) throws -> any ImageClassifier {
        guard let published = PublishedNetwork.named(model.name) else {
            throw TrainingError(
                "recipe \(name): no model '\(model.name)'; known: "
                    + PublishedNetwork.names.joined(separator: ", "))
        }
        let network = try published.architecture.makeNetwork(
            classes: data.classes, device: device, seed: seed,
            initialization: model.initialization, dropPath: model.dropPath)
        for (key, size) in [("view.size", view.size), ("validation.size", validation.size)] {
            if let only = network.imageSize, size != only {
                throw TrainingError(
                    "recipe \(name): \(key) is \(size), but \(model.name) takes images of \(only)")
            }
        }
        return network
    }

    /// Whether responses count in the loss.
    var learnsFromTeachers: Bool { loss.kl > 0 && !teachers.isEmpty }

    /// The number of view epochs, where it is below that of training epochs.
    var replayedEpochs: Int? {
        cache.flatMap { $0.epochs < schedule.epochs ? $0.epochs : nil }
    }

    /// The recipe's learning rates, for a number of steps in each epoch.
    package func learningRateSchedule(stepsPerEpoch: Int) -> LearningRateSchedule {
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
