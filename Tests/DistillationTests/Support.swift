import Foundation
import Loading
import Models
import Recipes
import ResponseCache
import Views

@testable import Distillation
@testable import Recipes

/// A folder of its own for one test, removed with it.
final class Scratch {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("understudy-distillation-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file below the folder, with the folders it needs.
    func write(_ name: String, _ text: String) throws {
        try write(name, bytes: Array(text.utf8))
    }

    /// Writes a file below the folder, with the folders it needs.
    func write(_ name: String, bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// Removes a file or folder below it.
    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
}

/// The numbers that a script beside the fixtures of this module wrote.
func fixture<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/distillation")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: folder.appendingPathComponent(name)))
}

/// What a cache's identity is gathered from; a test changes what it is about.
struct Inputs {
    /// Laid over the recipe below.
    var overrides: [String] = []
    /// A data set of `DataSets`.
    var dataset = "packed"
    var card: TeacherCard
    var precision = Recipe.Precision.fp32
    /// Versions of the program's code.
    var versions: CacheIdentity.Versions
    /// SHA-256 of the teacher's weights; `nil` where they are not on the machine.
    var weights: String? = "0ff1ce"

    init() throws {
        card = try TeacherCard(parsing: Self.card, path: "card.yaml")
        versions = .init(card.subject)
    }

    func recipe() throws -> Recipe {
        try Recipe(parsing: Self.recipe, path: "recipe.yaml", overrides: overrides)
    }

    func identity(in sets: DataSets) throws -> CacheIdentity {
        let dataset = try ImageDataset("\(sets.path)/\(dataset)")
        let recipe = try recipe()
        return CacheIdentity(
            recipe: recipe,
            plan: try ViewPlan(recipe: recipe, imageCount: dataset.samples.count),
            dataset: dataset, teacher: .init(card: "card.yaml", weight: 1, precision: precision),
            card: card, weightsDigest: weights, versions: versions)
    }

    static let recipe = """
        name: student
        seed: 42
        data: {train: train, val: val, classes: 2}
        view:
          size: 32
          crop: {scale: [0.08, 1.0], ratio: [0.75, 1.5]}
          interpolation: random
          flip: 0.5
          randaugment: rand-m7-mstd0.5
          mean: [0.5, 0.25, 0.5]
          std: [0.25, 0.25, 0.5]
          mix: {probability: 1.0, mixup: 0.2, cutmix: 1.0, switch: 0.5}
          label_smoothing: 0.1
        batch: {size: 4, group: 2, repeats: 1}
        teacher: {card: card.yaml}
        cache: {epochs: 3, encoding: dense}
        model: {name: resnet18, init: pytorch}
        loss: {kl: 0.8, ce: 0.2}
        optimizer: {name: sgd, lr: 0.1, weight_decay: 0, momentum: 0.9}
        schedule: {epochs: 3, warmup: 0, cooldown: 0, final_ratio: 0.01}
        ema: none
        average: {keep: 1}
        validation: {size: 32, resize: 36, interpolation: bilinear, batch: 4}
        precision: fp32
        checkpoint: {every_steps: 500}
        """

    private static let card = """
        name: tiny
        kind: beit
        classes: 2
        architecture: {image_size: 32, patch: 4, width: 64, depth: 4, heads: 4, mlp_ratio: 4, layer_scale: 1.0}
        preprocessing: {size: 32, resize: 36, interpolation: bilinear, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}
        weights: {file: w.safetensors, sha256: null}
        source: a test
        """
}

extension Architecture {
    static let resnet18 = Architecture(ResNetConfiguration(depth: .layers18))
}

extension TeacherCard {
    /// Changes the card of a network.
    mutating func change(_ body: (inout Network) -> Void) {
        guard case .network(var network) = subject else { return }
        body(&network)
        subject = .network(network)
    }
}

extension CacheIdentity.Versions {
    /// The same version of everything.
    static func all(_ version: Int) -> Self {
        var versions = Self(.network(.init(architecture: .resnet18, preprocessing: .initial)))
        versions.networks = [version]
        versions.renormalization = version
        versions.mixing = version
        versions.importing = version
        return versions
    }
}

/// Data sets of files that are listed and packed, never decoded.
final class DataSets {
    private let scratch: Scratch

    var path: String { scratch.path }

    init() throws {
        let scratch = try Scratch()
        self.scratch = scratch
        let files: [String: String?] = [
            "a/0": "one", "a/1": "three", "b/0": "seven", "b/1": "eleven",
        ]
        func write(_ name: String, _ changes: [String: String?]) throws {
            for (file, text) in files.merging(changes, uniquingKeysWith: { $1 }) {
                if let text { try scratch.write("\(name)/\(file).jpg", text) }
            }
        }
        try write("folder", [:])
        try write("other bytes", ["b/1": "ELEVEN"])
        try write("other size", ["b/1": "twelve!"])
        try write("more", ["b/2": "more"])
        try write("third class", ["b/1": nil, "c/1": "eleven"])
        for (source, pack) in [("folder", "packed"), ("other bytes", "other pack")] {
            _ = try DatasetPacker(
                ImageDataset("\(path)/\(source)"), to: "\(path)/\(pack)", options: .init()
            ).run { _ in }
        }
    }
}

/// The manifest of a small cache: one epoch of two groups of two slots, four classes.
func smallManifest(
    _ fingerprint: Fingerprint = Fingerprint(fields: []), encoding: RowEncoding = .dense,
    groupsPerPart: Int = 1, teacher: String = "tiny"
) throws -> CacheManifest {
    try CacheManifest(
        fingerprint: fingerprint, encoding: encoding, classes: 4, epochs: 1, groupsPerEpoch: 2,
        groupSize: 2, groupsPerPart: groupsPerPart, teacher: teacher,
        createdBy: "understudy test")
}
