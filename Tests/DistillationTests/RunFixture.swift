import Base
import Foundation
import Imaging
import Loading
import Recipes
import Testing
import Torch

@testable import Distillation

/// Keeps the lines that a training reports.
final class Lines: ProgressReporter {
    private(set) var lines: [String] = []

    func begin(_ label: String, total: Int, unit: String) {}
    func advance(to done: Int, note: String) {}
    func end() {}
    func line(_ text: String) { lines.append(text) }
}

/// A training of seconds: a micro BEiT on a dozen images, three steps in each of two epochs.
final class RunFixture {
    let scratch: Scratch
    let lines = Lines()

    var path: String { scratch.path }

    init() throws {
        scratch = try Scratch()
        for (name, count) in [("train", 12), ("val", 4)] {
            for index in 0..<count { try write("\(name)/c\(index % 2)/\(index).png", index) }
        }
    }

    /// Writes an image; its number decides its pixels.
    func write(_ name: String, _ number: Int) throws {
        var image = Image(width: 33, height: 35, fill: (0, 0, 0))
        for index in image.pixels.indices {
            image.pixels[index] = UInt8(
                truncatingIfNeeded: index * (number % 2 == 0 ? 7 : 11) + number)
        }
        try scratch.write(name, "")
        try Data(ImageEncoder.png(image)).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func recipe(_ overrides: [String] = []) throws -> Recipe {
        try Recipe(parsing: Self.recipe, path: "\(path)/recipe.yaml", overrides: overrides)
    }

    private static let recipe = """
        name: small
        seed: 42
        data: {train: train, val: val, classes: 2}
        view:
          size: 32
          crop: {scale: [0.3, 1.0], ratio: [0.75, 1.5]}
          interpolation: random
          flip: 0.5
          randaugment: none
          mean: [0.5, 0.25, 0.5]
          std: [0.25, 0.25, 0.5]
          mix: none
          label_smoothing: 0.1
        batch: {size: 4, group: 2, repeats: 1}
        model: {name: beit_micro_patch4_32, init: timm}
        loss: {kl: 0, ce: 1}
        optimizer: {name: sgd, lr: 0.05, weight_decay: 0, momentum: 0.9}
        schedule: {epochs: 2, warmup: 0, cooldown: 0, final_ratio: 0.01}
        ema: {decay: 0.9, beta: 15}
        average: {keep: 2}
        validation: {size: 32, resize: 32, interpolation: bilinear, batch: 2}
        precision: fp32
        checkpoint: {every_steps: 1}
        """

    func options(_ run: String, resume: Bool, maxSteps: Int? = nil) -> TrainingOptions {
        var options = TrainingOptions(out: "\(path)/\(run)")
        options.resume = resume
        options.maxSteps = maxSteps
        options.loading = LoadingOptions(workers: 1)
        return options
    }

    func trainer(
        _ run: String, resume: Bool = false, maxSteps: Int? = nil, overrides: [String] = []
    ) throws -> Trainer {
        try Trainer(
            recipe: recipe(overrides),
            options: options(run, resume: resume, maxSteps: maxSteps), progress: lines)
    }

    /// Trains to the end, or so many steps.
    @discardableResult
    func train(
        _ run: String, resume: Bool = false, maxSteps: Int? = nil, overrides: [String] = []
    ) throws -> TrainingResult? {
        try trainer(run, resume: resume, maxSteps: maxSteps, overrides: overrides).run()
    }

    /// The error of a training that cannot begin, without the fixture's own path.
    func refusal(
        _ run: String, resume: Bool = true, overrides: [String] = []
    ) -> String {
        do {
            _ = try trainer(run, resume: resume, overrides: overrides)
            return "none"
        } catch {
            return "\(error)".replacingOccurrences(of: path, with: "…")
        }
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    func set(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }

    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(name)")
    }

    /// Every file below a folder, hidden ones included.
    func files(_ folder: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(folder)") {
            var isFolder: ObjCBool = false
            let full = "\(path)/\(folder)/\(name)"
            if FileManager.default.fileExists(atPath: full, isDirectory: &isFolder),
                !isFolder.boolValue
            {
                files[name] = try bytes("\(folder)/\(name)")
            }
        }
        return files
    }

    /// Puts a folder's files back as they were.
    func restore(_ folder: String, _ files: [String: [UInt8]]) throws {
        for name in try self.files(folder).keys where files[name] == nil {
            try remove("\(folder)/\(name)")
        }
        for (name, bytes) in files
        where try !exists("\(folder)/\(name)")
            || self.bytes("\(folder)/\(name)") != bytes
        {
            try set("\(folder)/\(name)", bytes)
        }
    }
}

extension RunFixture {
    /// Changes a run's states, and writes each with a right checksum.
    func seal(_ run: String, _ change: (inout [String: Any]) -> Void) throws {
        for name in ["latest.json", "previous.json"] {
            let path = "\(run)/checkpoints/\(name)"
            var object = try #require(
                JSONSerialization.jsonObject(with: Data(self.bytes(path))) as? [String: Any])
            object["crc32c"] = nil
            change(&object)
            let data = try SealedJSON.encode(Value(object))
            try set(path, Array(data))
        }
    }

    /// Any JSON.
    private struct Value: Encodable {
        let value: Any

        init(_ value: Any) { self.value = value }

        func encode(to encoder: any Encoder) throws {
            switch value {
            case let object as [String: Any]: try object.mapValues(Value.init).encode(to: encoder)
            case let list as [Any]: try list.map(Value.init).encode(to: encoder)
            case let number as Int: try number.encode(to: encoder)
            case let number as Double: try number.encode(to: encoder)
            case let text as String: try text.encode(to: encoder)
            default:
                var container = encoder.singleValueContainer()
                try container.encodeNil()
            }
        }
    }
}

extension Trainer {
    /// All numbers of the training, by name.
    func numbers() throws -> [String: [Float]] {
        try Dictionary(
            uniqueKeysWithValues: setup.step.tensors.map { name, tensor in
                // Counts of batches are whole numbers.
                let isWhole = !tensor.dtype.isFloatingPoint
                return (name, try isWhole ? tensor.int64s().map(Float.init) : tensor.floats())
            })
    }
}
