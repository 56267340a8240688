import Base
import Foundation
import Learning
import Loading
import Models
import Recipes
import ResponseCache
import Torch

/// Everything that a training is made of: the folder is locked first, then all of it is opened and
/// checked, before anything is written.
struct TrainingSetup {
    let recipe: Recipe
    let options: TrainingOptions
    let progress: any ProgressReporter
    let folder: RunFolder
    let checkpoints: Checkpoints
    let loader: ViewLoader
    let validation: Validation
    /// The teachers' responses; `nil` where labels alone are learned from.
    let targets: DistillationTargets?
    let inputs: TrainingInputs
    let step: TrainingStep
    /// When the trained network is measured; `nil` without a moving average.
    let rawMeasurement: RawMeasurement?
    /// What the weights that the run writes say of themselves.
    let description: WeightsDescription
    private let identity: RunIdentity

    /// The images that a network is measured on.
    struct Validation {
        let evaluator: Evaluator
        let images: Int
    }

    var schedule: LearningRateSchedule { step.schedule }

    /// How far back the moving average looks; `nil` without one.
    var emaWindow: EMAWindow? {
        EMAWindow(recipe: recipe, runSteps: recipe.schedule.epochs * schedule.stepsPerEpoch)
    }

    /// Locks the folder, opens data and caches, and makes the network.
    ///
    /// - Throws: `YAMLError`, `DatasetError`, `CacheError`, `TorchError` or `TrainingError`, each
    ///   one line; then a folder that was not there is not there either. `Interrupted` by a signal
    ///   while a cache is not there yet.
    init(
        recipe: Recipe, options: TrainingOptions, progress: any ProgressReporter
    ) throws {
        self.recipe = recipe
        self.options = options
        self.progress = progress
        folder = try RunFolder(options.out, resume: options.resume)
        try Self.checkTrace(options.trace, folder, recipe)
        checkpoints = Checkpoints(folder: folder)
        let begun = checkpoints.identity()
        if folder.holdsRun, begun != nil || folder.holdsRecipe {
            try folder.compare(
                recipe, checkpoint: begun?.identity.recipe, notice: progress.line)
        }

        loader =
            try recipe.learnsFromTeachers
            ? ViewLoader(checksumming: recipe, options: options.loading)
            : ViewLoader(recipe: recipe, options: options.loading)
        try loader.checkMemory(sizes: [recipe.view.size], on: options.device)
        let images = try Self.validationImages(recipe, beside: loader.dataset)
        description = recipe.weightsDescription(classes: images.classes)
        for notice in loader.dataset.notices + images.notices { progress.line(notice) }
        // Before all of it is read for its digest.
        let initial = try options.initial.map {
            try WeightsArchives.open($0, entry: options.initialEntry)
        }
        var identity = RunIdentity(
            recipe: recipe, train: loader.dataset, val: images,
            initial: try initial.map {
                WeightsArchives.identity(digest: try $0.digest(), entry: options.initialEntry)
            })
        // Before a cache is begun or waited for in vain.
        try begun?.identity.check(identity, run: options.out, isMeasured: begun?.isMeasured == true)
        validation = Validation(
            evaluator: try Self.evaluator(recipe, images, options), images: images.samples.count)
        rawMeasurement = RawMeasurement(
            recipe: recipe, slots: loader.plan.slotsPerEpoch,
            validationImages: images.samples.count)

        let network = try recipe.makeNetwork(on: options.device)
        try recipe.checkBatchNorm(of: network)
        if begun == nil, let initial {
            try network.begin(with: initial, layout: options.initialLayout).forEach(progress.line)
        }
        targets = try Self.targets(options, loader, progress)
        identity.responses = targets?.identities ?? []
        self.identity = identity
        step = TrainingStep(
            network: network,
            optimizer: try Optimizer(
                recipe.optimizer, of: OptimizedParameters(of: network)),
            ema: try recipe.ema.map {
                try ExponentialMovingAverage(
                    of: network, into: recipe.makeNetwork(on: options.device), settings: $0)
            }, loss: recipe.trainingLoss,
            schedule: recipe.learningRateSchedule(stepsPerEpoch: loader.plan.stepsPerEpoch),
            groups: recipe.batch.groups, autocast: recipe.precision.autocast,
            device: options.device)
        inputs = TrainingInputs(
            recipe: recipe, plan: loader.plan, responses: targets?.mixture, device: options.device)
        try Self.requireRoom(for: step.optimizer.parameters, options)
    }

    /// The state to go on from, whose tensors are in place then, or that of a beginning, which is
    /// published.
    func begin() throws -> TrainingState {
        var identity = identity
        var state = TrainingState(keep: recipe.average.keep, losses: step.loss.names)
        if folder.holdsRun, let saved = try restored() {
            if !saved.isMeasured, saved.identity?.val.difference(from: identity.val) != nil {
                progress.line("the validation images are others now; none were measured yet")
            }
            state = saved
            step.optimizer.steps = saved.steps
            // A state of an earlier version does not say; then it was what is named now.
            if let saved = saved.identity { identity.initial = saved.initial }
            state.adopt(identity)
            if saved.isUnsealed { try publish(&state) }
        } else {
            try folder.begin()
            state.adopt(identity)
            try publish(&state)
        }
        try folder.write(recipe)
        return state
    }

    /// Publishes a state with the tensors as they are now.
    ///
    /// - Parameter log: what the run has written, which is on the disk before.
    /// - Throws: `TrainingError` naming a tensor that is not finite; then the last checkpoint stays.
    func publish(_ state: inout TrainingState, log: RunLog? = nil) throws {
        if let name = try firstNotFinite(step.tensors) {
            throw failure(NotFinite(what: name), at: state)
        }
        try log?.beforeCheckpoint(&state)
        try checkpoints.save(&state, tensors: step.tensors, of: description)
    }

    /// The end of a training by a number that is not finite.
    func failure(_ error: NotFinite, at state: TrainingState) -> TrainingError {
        let first = state.step * recipe.batch.size
        let kept =
            checkpoints.saved.map { "the last good checkpoint is \($0.tensors)" }
            ?? "no checkpoint was written yet"
        return TrainingError(
            "\(error.what) is not finite at epoch \(state.epoch), step \(state.step) (slots "
                + "\(first)..<\(first + recipe.batch.size)); \(kept); lower optimizer.lr or use "
                + "precision fp32")
    }

    /// The state that the run goes on from, whose tensors are in place.
    private func restored() throws -> TrainingState? {
        try checkpoints.restore(
            into: step.tensors, recipe: recipe, stepsPerEpoch: loader.plan.stepsPerEpoch,
            notice: progress.line
        ) { state in
            try folder.compare(
                recipe, checkpoint: state.identity?.recipe, notice: { _ in })
            try state.identity?.check(
                identity, run: options.out, isMeasured: state.isMeasured)
        }
    }
}

// MARK: - Its pieces

extension TrainingSetup {
    /// Refuses a trace that would take the place of another file.
    private static func checkTrace(
        _ trace: String?, _ folder: RunFolder, _ recipe: Recipe
    ) throws {
        guard let trace else { return }
        guard !folder.makes(trace) else {
            throw TrainingError(
                "\(trace): is a file of the run itself; choose another for the trace")
        }
        try JSONLines<StepRecord>.check(
            trace, "trace", keys: StepRecord.keys(losses: recipe.trainingLoss.names),
            isNew: !folder.holdsRun)
    }

    /// The recipe's validation images, of the same classes as those trained on.
    private static func validationImages(
        _ recipe: Recipe, beside training: ImageDataset
    ) throws -> ImageDataset {
        let images = try ImageDataset(recipe.data.val, expectedClasses: recipe.data.classes)
        guard images.classes == training.classes || training.classes.isEmpty else {
            throw TrainingError(
                "\(recipe.data.val) and \(training.path) have different classes; labels "
                    + "would not mean the same")
        }
        return images
    }

    private static func evaluator(
        _ recipe: Recipe, _ images: ImageDataset, _ options: TrainingOptions
    ) throws -> Evaluator {
        try images.checkValidationImages(workers: options.loading.workers)
        let batches = EvaluationLoader(
            images, transform: recipe.validation.transform, batch: recipe.validation.batch,
            options: options.loading)
        try batches.checkMemory(on: options.device)
        return try Evaluator(
            batches, mean: recipe.view.mean, std: recipe.view.std, device: options.device)
    }

    /// Opens the caches that the recipe's loss needs and checks that they are the right ones.
    private static func targets(
        _ options: TrainingOptions, _ loader: ViewLoader, _ progress: any ProgressReporter
    ) throws -> DistillationTargets? {
        let recipe = loader.recipe
        let teachers = recipe.teachers.count
        guard recipe.learnsFromTeachers else {
            guard options.missing == .refuse else {
                throw TrainingError(
                    "recipe \(recipe.name) learns from labels alone "
                        + "(\(recipe.loss.teacherText))", .cacheUnneeded)
            }
            return nil
        }
        guard !options.caches.isEmpty else {
            throw TrainingError(
                "recipe \(recipe.name) learns from "
                    + (teachers == 1 ? "a teacher" : "\(teachers) teachers")
                    + " (\(recipe.loss.teacherText))", .cachesUnnamed(teachers: teachers))
        }
        return try DistillationTargets(
            directories: options.caches, missing: options.missing, device: options.device,
            loader: loader, progress: progress)
    }

    /// Checks that a limit of memory leaves room for the gradients, and for what an optimizer's step
    /// makes of them and of the moments.
    private static func requireRoom(
        for parameters: OptimizedParameters, _ options: TrainingOptions
    ) throws {
        let bytes = parameters.tensors.reduce(0) { $0 + $1.count * $1.dtype.size }
        try MappingLimit.require(
            MappingLimit.roomToCompute(threads: Threads.count + options.loading.workers)
                + (options.device == .cpu ? 3 * bytes : 0))
    }
}
