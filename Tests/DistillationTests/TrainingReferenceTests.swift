import Base
import Foundation
import Imaging
import Loading
import ResponseCache
import Testing
import Torch
import Views

@testable import Distillation
@testable import Recipes

/// What PyTorch found; see Tests/Fixtures/distillation/make_training_fixtures.py, which computes
/// everything, images and draws included, without this package.
private struct Reference: Decodable {
    struct Step: Decodable {
        let loss: Double
        let ce: Double
        let kl: Double
        let gradNorm: Double
        let lr: Double
        let emaDecay: Double

        /// Each with the largest difference from PyTorch's, relative to it.
        var figures: [(name: String, value: Double, tolerance: Double)] {
            [
                ("loss", loss, 2e-3), ("ce", ce, 2e-3), ("kl", kl, 2e-3),
                ("grad_norm", gradNorm, 2e-2), ("lr", lr, 1e-8), ("ema_decay", emaDecay, 1e-8),
            ]
        }
    }

    struct Epoch: Decodable {
        let loss: Double
        let top1: Double
        let top5: Double
    }

    let steps: [Step]
    let epochs: [Epoch]
    /// Norm and probe of each floating entry of the network, and of its average, at the end.
    let model: [String: [Double]]
    let ema: [String: [Double]]

    static func named(_ name: String) throws -> Reference {
        let cases = try fixture([String: Reference].self, "training.json")
        return try #require(cases[name])
    }
}

/// A training of four groups a step: the data, recipe and responses that the generator repeats.
private final class Training {
    private static let (classes, side) = (4, 32)
    let scratch: Scratch
    let recipe: Recipe

    var path: String { scratch.path }

    /// - Parameter changes: keys of the recipe that differ.
    init(_ changes: [String]) throws {
        scratch = try Scratch()
        for (folder, count, first) in [("train", 96, 96), ("val", 40, 40)] {
            for index in 0..<count {
                let label = index % Self.classes
                let file = "\(folder)/c\(label)/\(String(format: "%03d", index)).png"
                try scratch.write(
                    file, bytes: ImageEncoder.png(Self.image(label: label, index: index + first)))
            }
        }
        try scratch.write("card.yaml", Self.card)
        try scratch.write("recipe.yaml", Self.recipe)
        recipe = try Recipe(contentsOf: "\(scratch.path)/recipe.yaml", overrides: changes)
    }

    /// Trains, or goes on training, in the folder `run`.
    func trainer(
        maxSteps: Int? = nil, resume: Bool = false, initial: String? = nil, cache: String? = nil
    ) throws -> Trainer {
        var options = TrainingOptions(out: "\(path)/run")
        options.caches = cache.map { [$0] } ?? []
        options.maxSteps = maxSteps
        options.trace = "\(path)/trace.jsonl"
        options.resume = resume
        options.initial = initial
        options.loading = LoadingOptions(workers: 2)
        return try Trainer(recipe: recipe, options: options, progress: Quiet())
    }

    /// The cache of the made-up responses to the first epoch's views.
    func makeCache() throws -> String {
        let loader = try ViewLoader(
            checksumming: recipe, options: LoadingOptions(workers: 2))
        let teacher = try #require(recipe.cardedTeachers().first)
        let directory = "\(path)/cache"
        let builder = try CacheBuilder(
            directory: directory,
            manifest: CacheManifest(
                of: teacher, weightsDigest: "0ff1ce", loader: loader, directory: directory))
        for part in builder.manifest.parts(epoch: 0, groups: 0..<loader.plan.groupsPerEpoch) {
            let writer = try builder.begin(part)
            for group in builder.manifest.groups(of: part) {
                let views = try loader.load(epoch: 0, group: group, sizes: [Self.side])
                let slots = loader.plan.slots(ofGroup: group)
                let rows = zip(slots, views.labels.compactMap(\.self)).flatMap(Self.response)
                writer.append(rows, pixelChecksum: views.pixelChecksum)
            }
            try writer.publish()
        }
        return directory
    }

    /// The steps that were traced.
    func steps() throws -> [Reference.Step] { try lines("trace.jsonl") }

    /// The epochs that were recorded.
    func epochs() throws -> [Reference.Epoch] { try lines("run/metrics.jsonl") }

    private func lines<Line: Decodable>(_ name: String) throws -> [Line] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
            .split(separator: "\n").map { try decoder.decode(Line.self, from: Data($0.utf8)) }
    }

    /// Stripes whose direction is the class, on a ground of its color.
    private static func image(label: Int, index: Int) -> Image {
        var image = Image(width: side, height: side, fill: (0, 0, 0))
        for y in 0..<side {
            for x in 0..<side {
                let phase = [x, y, x + y, x - y + 400][label] + index
                let ground = 50 * label + (37 * index + x * y * (index % 5)) % 50
                let base = (y * side + x) * 3
                image.pixels[base] = phase % 8 < 4 ? 230 : 20
                image.pixels[base + 1] = UInt8(ground)
                image.pixels[base + 2] = phase % 8 < 4 ? 40 : 200
            }
        }
        return image
    }

    /// A response in 64ths, which halves hold exactly.
    private static func response(slot: Int, label: Int) -> [Float] {
        var row = (0..<classes).map { Float(1 + (7 * slot + 5 * $0) % 8) / 64 }
        row[label] = 1 - (row.reduce(0, +) - row[label])
        return row
    }

    private static let recipe = """
        name: reference
        seed: 1234567890123
        data: {train: train, val: val, classes: 4}
        view:
          size: 32
          crop: {scale: [1.0, 1.0], ratio: [1.0, 1.0]}
          interpolation: bilinear
          flip: 0.5
          randaugment: none
          mean: [0.485, 0.456, 0.406]
          std: [0.229, 0.224, 0.225]
          mix: {probability: 0.75, mixup: 0.2, cutmix: 1.0, switch: 0.5}
          label_smoothing: 0.1
        batch: {size: 32, group: 8, repeats: 1}
        teacher: {card: card.yaml}
        cache: {epochs: 1, encoding: dense, groups_per_part: 5}
        model: {name: resnet18, init: pytorch, drop_path: 0.3}
        loss: {kl: 0.8, ce: 0.2}
        optimizer: {name: sgd, lr: 1.0e-5, weight_decay: 0.01, momentum: 0.9, max_grad_norm: none}
        schedule: {epochs: 2, warmup: 1, cooldown: 0, final_ratio: 0.1}
        ema: {decay: 0.5, beta: 5}
        average: {keep: 2}
        validation: {size: 32, resize: 32, interpolation: bilinear, batch: 16}
        precision: fp32
        checkpoint: {every_steps: 500}
        """

    /// The changes that make it a training from labels alone.
    static let labels = [
        "teacher=none", "cache=none", "model.drop_path=0", "loss={kl: 0, ce: 1}",
        "optimizer={name: lamb, lr: 2.0e-4, weight_decay: 0.02, betas: [0.9, 0.999], eps: 1.0e-6, "
            + "momentum: none, max_grad_norm: 1}",
    ]

    private static let card = """
        name: made-up
        kind: beit
        classes: 4
        architecture: {image_size: 32, patch: 4, width: 64, depth: 4, heads: 4, mlp_ratio: 4, layer_scale: 1.0}
        preprocessing: {size: 32, resize: 36, interpolation: bilinear, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}
        weights: {file: w.safetensors, sha256: null}
        source: a test
        """
}

/// Reports nothing.
private struct Quiet: ProgressReporter {
    func begin(_ label: String, total: Int, unit: String) {}
    func advance(to done: Int, note: String) {}
    func end() {}
    func line(_ text: String) {}
}

@Suite("Training against PyTorch") struct TrainingReferenceTests {
    @Test("four groups a step, from replayed responses, follow PyTorch's figures and weights")
    func cached() throws {
        let training = try Training([])
        let trainer = try training.trainer(cache: training.makeCache())
        _ = try trainer.run()
        try compare(training, trainer, with: .named("cached"))
    }

    @Test("four groups a step, from labels and resumed amid an epoch, follow PyTorch's")
    func labels() throws {
        let training = try Training(Training.labels)
        #expect(try training.trainer(maxSteps: 2).run() == nil)
        let trainer = try training.trainer(resume: true)
        _ = try trainer.run()
        try compare(training, trainer, with: .named("labels"))
    }

    @Test("only the first group of a step counts as a batch of the statistics") func counter()
        throws
    {
        let training = try Training(Training.labels)
        let trainer = try training.trainer(maxSteps: 2)
        _ = try trainer.run()
        let counter = try #require(trainer.setup.step.network.store["bn1.num_batches_tracked"])
        #expect(try counter.int64s() == [2])
    }

    @Test("a loss that is not finite ends the training") func loss() throws {
        let training = try Training(Training.labels)
        // The last normalization takes finite values beyond float32.
        let weights = try training.weights { $0 == "layer4.1.bn2.weight" ? 3e38 : 1 }
        let error = #expect(throws: TrainingError.self) {
            try training.trainer(initial: weights).run()
        }
        let text = try #require(error).description
        #expect(
            text.hasPrefix("the loss is not finite at epoch 0, step 0 (slots 0..<32)"), "\(text)")
    }

    @Test("a gradient that is not finite ends the training") func gradient() throws {
        let training = try Training(Training.labels)
        // Logits of 1e25 have a finite loss, and gradients whose squares are beyond float32.
        let weights = try training.weights { $0.hasSuffix("fc.weight") ? 1e26 : 1 }
        let error = #expect(throws: TrainingError.self) {
            try training.trainer(initial: weights).run()
        }
        let text = try #require(error).description
        #expect(
            text.hasPrefix(
                "the gradients' norm is not finite at epoch 0, step 0 (slots 0..<32)"),
            "\(text)")
    }

    @Test("a run's folder is locked while a process trains in it") func lock() throws {
        let training = try Training(Training.labels)
        let first = try training.trainer()
        try withExtendedLifetime(first) {
            let error = #expect(throws: TrainingError.self) {
                try training.trainer(resume: true)
            }
            let text = try #require(error).description
            #expect(text.contains("another process is training here"), "\(text)")
        }
    }

    /// In float32 PyTorch differs from itself in float64 by up to 1e-4. But rounding that tips a ReLU
    /// changes a gradient by half a percent, and with it what a bias has moved from zero: LAMB moves
    /// each of its numbers by as much as any other, whatever the size of its gradient, so that one
    /// that changes its sign is 3 % of the norm of 64 such numbers after a few steps.
    private func compare(
        _ training: Training, _ trainer: Trainer, with reference: Reference
    ) throws {
        let steps = try training.steps()
        try #require(steps.count == reference.steps.count)
        for (index, (found, expected)) in zip(steps, reference.steps).enumerated() {
            for (figure, other) in zip(found.figures, expected.figures) {
                #expect(
                    abs(figure.value - other.value) <= other.tolerance * abs(other.value),
                    "step \(index), \(figure.name): \(figure.value), PyTorch \(other.value)")
            }
        }
        let epochs = try training.epochs()
        try #require(epochs.count == reference.epochs.count)
        for (found, expected) in zip(epochs, reference.epochs) {
            #expect(abs(found.loss - expected.loss) <= 2e-3 * expected.loss)
            #expect(abs(found.top1 - expected.top1) < 1e-6)
            #expect(abs(found.top5 - expected.top5) < 1e-6)
        }
        let average = try #require(trainer.setup.step.ema).network
        #expect(trainer.setup.step.validated === average)
        let last = try #require(trainer.state.best.kept.last { $0.epoch == epochs.count - 1 })
        let snapshot = try SafetensorsFile(path: trainer.setup.folder.checkpoint(last.file))
        for entry in average.store.entries where entry.tensor.dtype == .float32 {
            let kept = try snapshot.tensor(entry.name).floats()
            #expect(try kept == entry.tensor.floats(), "\(entry.name) of the snapshot")
        }
        for (network, expected) in [
            (trainer.setup.step.network, reference.model), (average, reference.ema),
        ] {
            let entries = network.store.entries.filter { $0.tensor.dtype == .float32 }
            try #require(Set(entries.map(\.name)) == Set(expected.keys))
            var strays: [String] = []
            for entry in entries {
                let values = try entry.tensor.floats().map(Double.init)
                let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
                let probe = values.enumerated().reduce(0) { $0 + $1.1 * cos(Double($1.0)) }
                let other = try #require(expected[entry.name])
                if max(abs(norm - other[0]), abs(probe - other[1])) > 0.15 * other[0] {
                    strays.append("\(entry.name): \([norm, probe]), PyTorch \(other)")
                }
            }
            #expect(strays.count == 0, "\(strays.count) tensors differ: \(strays.prefix(3))")
        }
    }
}

extension Training {
    /// A file of the recipe's fresh weights, each tensor multiplied.
    fileprivate func weights(times factor: (String) -> Double) throws -> String {
        let path = "\(path)/weights.safetensors"
        let entries = try recipe.makeNetwork(on: .cpu).store.entries
        let tensors = try entries.map { entry in
            let factor = factor(entry.name)
            let tensor = try entry.tensor.detached()
            return (entry.name, factor == 1 ? tensor : try tensor * factor)
        }
        try SafetensorsFile.write(tensors, metadata: [:], to: path)
        return path
    }
}
