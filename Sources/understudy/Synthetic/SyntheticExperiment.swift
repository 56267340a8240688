import Base
import Foundation
import Imaging
import Models
import Recipes
import StrictYAML
import Synchronization
import Torch

/// Images, a teacher and a recipe that are made up, for checks and benchmarks on a machine that has
/// none: in a folder of their own.
struct SyntheticExperiment {
    /// The folder.
    let path: String

    /// Lends a new folder, which is removed when the body is done.
    ///
    /// - Throws: `SystemFailure` if the place for temporary files cannot be written.
    static func with<R>(_ body: (SyntheticExperiment) throws -> R) throws -> R {
        let folder = try ScratchFolder(for: .experiment)
        return try withExtendedLifetime(folder) { try body(SyntheticExperiment(path: folder.path)) }
    }

    /// Writes a text file and returns its path.
    func write(_ name: String, _ text: String) throws -> String {
        try AtomicFile.write(Data(text.utf8), to: "\(path)/\(name)")
        return "\(path)/\(name)"
    }

    /// Writes a teacher's card and made-up weights; returns the card's path.
    func writeTeacher(_ architecture: Architecture, size: Int, classes: Int) throws -> String {
        let network = try architecture.makeNetwork(classes: classes, seed: 7)
        try network.shake(seed: 7)
        try network.store.save(to: "\(path)/teacher.safetensors")
        return try write(
            "teacher.yaml",
            """
            name: made
            kind: \(architecture.kind)
            classes: \(classes)
            preprocessing: {size: \(size), resize: \(size + 25), interpolation: bicubic, \
            mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}
            weights: {file: teacher.safetensors, sha256: null}
            source: made up

            """ + [YAMLValue.Entry("architecture", .flow(architecture.entries))].yaml)
    }

    /// The ImageNet recipe's views, over images that lie in a folder.
    ///
    /// - Parameters:
    ///   - data: the images; the validation set is the same.
    ///   - settings: further sections and keys, in place of those here.
    func recipe(data: String, settings: [String]) throws -> Recipe {
        let file = try write(
            "recipe.yaml",
            """
            name: made
            seed: 42
            data: {train: \(data), val: \(data), classes: \(SyntheticImages.classes)}
            view:
              size: 224
              crop: {scale: [0.08, 1.0], ratio: [0.75, 1.3333333333333333]}
              interpolation: random
              flip: 0.5
              randaugment: rand-m7-mstd0.5
              mean: [0.485, 0.456, 0.406]
              std: [0.229, 0.224, 0.225]
              mix: {probability: 0.8, mixup: 0.2, cutmix: 1.0, switch: 0.5}
              label_smoothing: 0.1
            batch: {size: 8, group: 8, repeats: 1}
            teacher: {card: teacher.yaml}
            cache: {epochs: 1, encoding: dense, groups_per_part: 1}
            model: {name: resnet50, init: timm}
            loss: {kl: 0.8, ce: 0.2}
            optimizer: {name: lamb, lr: 5.0e-3, weight_decay: 0.02, betas: [0.9, 0.999], \
            eps: 1.0e-6, max_grad_norm: 1.0}
            schedule: {epochs: 1, warmup: 0, cooldown: 0, final_ratio: 0.01}
            ema: {decay: 0.9999, beta: 15}
            average: {keep: 1}
            validation: {size: 224, resize: 256, interpolation: bilinear, batch: 64}
            precision: fp32
            checkpoint: {every_steps: 1000000}

            """)
        return try Recipe(contentsOf: file, overrides: settings)
    }
}

extension ImageClassifier {
    /// Moves what a fresh network starts at zero, or near it: BEiT's bias tables and the classifier,
    /// without which attention has no bias and all classes are alike.
    func shake(seed: UInt64) throws(TorchError) {
        let generator = try RandomGenerator(seed: seed)
        for entry in store.parameters {
            let std: Double
            switch entry.name {
            case "head.weight": std = 0.1
            case let name where name.hasSuffix("relative_position_bias_table"): std = 0.2
            default: continue
            }
            let noise = try Tensor.empty(entry.tensor.shape)
            try noise.normal(std: std, generator: generator)
            let there = try noise.to(store.device)
            try withoutGrad { () throws(TorchError) in try entry.tensor.add(there) }
        }
    }
}
