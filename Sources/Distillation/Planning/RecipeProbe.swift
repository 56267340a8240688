import Base
import Learning
import Loading
import Models
import Recipes
import ResponseCache
import Torch
import Views

/// Does for some seconds what a training by a recipe and the build of its cache do, and says how
/// fast that went.
///
/// The views are the first of epoch 0, from the recipe's own images; the work is a training's own:
/// its loader, mixer, step and teacher. Nothing is written.
package struct RecipeProbe {
    /// How fast something went.
    package struct Speed: Codable, Sendable, Equatable {
        /// In all rounds.
        package let images: Int
        package let rounds: Int
        package let seconds: Double

        package init(images: Int, rounds: Int, seconds: Double) {
            (self.images, self.rounds, self.seconds) = (images, rounds, seconds)
        }

        package var imagesPerSecond: Double { Double(images) / max(seconds, 1e-9) }

        private enum CodingKeys: String, CodingKey { case images, rounds, seconds }

        private enum DerivedKeys: String, CodingKey {
            case imagesPerSecond = "images_per_second"
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(images, forKey: .images)
            try container.encode(rounds, forKey: .rounds)
            try container.encode(seconds, forKey: .seconds)
            var derived = encoder.container(keyedBy: DerivedKeys.self)
            try derived.encode(imagesPerSecond, forKey: .imagesPerSecond)
        }
    }

    /// What running a teacher showed.
    package struct Responses: Sendable {
        /// Mixing and its forward pass, over views that are rendered already.
        package let forward: Speed
        /// The same beside the threads that render, as when a cache is built.
        package let caching: Speed
        /// What its cache would be.
        package let manifest: CacheManifest
        /// Its responses to different views, `[rows, classes]`.
        package let rows: [Float]
    }

    /// Responses that tell their mean size well, besides those that a prior takes.
    private static let rowsToMeasure = 8192

    package let loader: ViewLoader
    private let device: Device
    private let patience: Double
    private let progress: any ProgressReporter

    private var recipe: Recipe { loader.recipe }
    private var plan: ViewPlan { loader.plan }

    /// Opens the recipe's training images.
    ///
    /// - Parameter patience: seconds for each thing that is measured; one round is always finished.
    /// - Throws: as `ViewLoader`.
    package init(
        _ recipe: Recipe, device: Device, loading: LoadingOptions, patience: Double,
        progress: any ProgressReporter
    ) throws {
        loader = try ViewLoader(checksumming: recipe, options: loading)
        (self.device, self.patience, self.progress) = (device, patience, progress)
        try loader.checkMemory(sizes: [recipe.view.size], on: device)
    }

    /// Rendering alone, with all threads that render.
    package func views() throws -> Speed {
        let views = Rendering(loader, size: recipe.view.size)
        return try measure("views", images: plan.groupSize) { _ = try views.next() }
    }

    /// A teacher's forward pass, alone and beside the threads that render.
    ///
    /// - Throws: `TrainingError` for a card of responses, or of other classes than the recipe's;
    ///   `TorchError` for weights that are missing.
    package func responses(of section: Recipe.Teacher) throws -> Responses {
        let carded = try recipe.carded(section)
        let teacher = try RunningTeacher(carded.card, device: device, precision: section.precision)
        let pass = try TeacherPass(teacher, views: loader, device: device)
        let manifest = try CacheManifest(
            of: carded, weightsDigest: teacher.weightsDigest, loader: loader, directory: "")
        let forward = try loader.holding(size: teacher.size) { held in
            try measure(carded.card.name, images: plan.groupSize) {
                _ = try pass.probabilities(for: held)
            }
        }
        let views = Rendering(loader, size: teacher.size)
        var rows: [Float] = []
        let limit = min(manifest.learntRows * 2 + Self.rowsToMeasure, plan.slotsPerEpoch)
        let caching = try measure("\(carded.card.name) beside views", images: plan.groupSize) {
            let responses = try pass.probabilities(for: views.next())
            // What was seen once tells nothing new.
            if rows.count < limit * manifest.classes { rows += responses }
        }
        return Responses(forward: forward, caching: caching, manifest: manifest, rows: rows)
    }

    /// Training steps, from views that are rendered already and beside the threads that render. A
    /// teacher's responses are made up.
    package func training() throws -> (step: Speed, whole: Speed) {
        let network = try recipe.makeNetwork(on: device)
        try recipe.checkBatchNorm(of: network)
        try network.freeze(stages: recipe.model.frozen)
        let inputs = TrainingInputs(recipe: recipe, plan: plan, responses: nil, device: device)
        let responses = try recipe.learnsFromTeachers ? madeUpResponses() : nil
        let optimizer = try Optimizer(
            recipe.optimizer, of: OptimizedParameters(of: network), head: network.head)
        let average = try recipe.ema.map {
            try ExponentialMovingAverage(
                of: network, into: recipe.makeNetwork(on: device), settings: $0)
        }
        let step = TrainingStep(
            network: network, optimizer: optimizer, ema: average, loss: recipe.trainingLoss,
            schedule: recipe.learningRateSchedule(stepsPerEpoch: plan.stepsPerEpoch),
            groups: recipe.batch.groups, autocast: recipe.precision.autocast,
            frozenStages: recipe.model.frozen, device: device)
        func take(_ views: () throws -> ViewGroup) throws {
            _ = try step.take(epoch: 0, step: 0) { _ in
                let group = try inputs.group(views(), epoch: 0)
                return TrainingGroup(
                    images: group.images, targets: group.targets, teacher: responses,
                    dropPathSeed: group.dropPathSeed)
            }
        }
        let images = recipe.batch.size
        let alone = try loader.holding(size: recipe.view.size) { held in
            try measure("steps", images: images) { try take { held } }
        }
        let views = Rendering(loader, size: recipe.view.size)
        let whole = try measure("steps beside views", images: images) { try take(views.next) }
        return (alone, whole)
    }

    private func madeUpResponses() throws(TorchError) -> Tensor {
        let logits = try Tensor.empty([plan.groupSize, recipe.data.classes])
        try logits.normal(std: 3, generator: RandomGenerator(seed: 1))
        return try logits.softmax().to(device)
    }

    /// Does something until the time is over, after a first round that does not count.
    private func measure(_ label: String, images: Int, _ round: () throws -> Void) throws -> Speed {
        progress.line("measuring \(label)")
        try round()
        try device.synchronize()
        let start = ContinuousClock.now
        var (rounds, seconds) = (0, 0.0)
        repeat {
            if Interruption.requested { throw Interrupted(description: "stopped") }
            try round()
            rounds += 1
            // A GPU has work ahead of it; what was handed to it in time is waited for at the end.
            seconds = start.duration(to: .now).seconds
        } while seconds < patience
        try device.synchronize()
        return Speed(
            images: rounds * images, rounds: rounds, seconds: start.duration(to: .now).seconds)
    }
}

extension ViewLoader {
    /// Lends the first group of views.
    fileprivate func holding<R>(size: Int, _ body: (ViewGroup) throws -> R) throws -> R {
        try body(load(epoch: 0, group: 0, sizes: [size]))
    }
}

/// Groups without end, rendered ahead: those of epoch 0, again and again.
private final class Rendering {
    private let loader: ViewLoader
    private let size: Int
    private var pipeline: ViewPipeline

    init(_ loader: ViewLoader, size: Int) {
        (self.loader, self.size) = (loader, size)
        pipeline = Self.epoch(loader, size)
    }

    private static func epoch(_ loader: ViewLoader, _ size: Int) -> ViewPipeline {
        loader.prefetch((0..<loader.plan.groupsPerEpoch).map { (0, $0) }, sizes: [size])
    }

    func next() throws -> ViewGroup {
        while true {
            if let group = try pipeline.next() { return group }
            pipeline = Self.epoch(loader, size)
        }
    }
}

extension CacheManifest {
    /// The responses that the cache's prior is learnt from; 0 where it has none.
    package var learntRows: Int { usesPrior ? calibrationGroups.count * groupSize : 0 }
}
