import Foundation

@testable import Recipes

/// A complete recipe, one section a line, so that a test can state a message's line.
let sample = """
    name: sample
    seed: 42
    data: {train: data/train, val: /srv/val, classes: 1000}
    view:
      size: 224
      crop: {scale: [0.08, 1.0], ratio: [0.75, 1.3333333333333333]}
      interpolation: random
      flip: 0.5
      randaugment: rand-m7-mstd0.5
      mean: [0.485, 0.456, 0.406]
      std: [0.229, 0.224, 0.225]
      mix: {probability: 1.0, mixup: 0.2, cutmix: 1.0, switch: 0.5}
      label_smoothing: 0.1
    batch: {size: 1536, group: 192, repeats: 3}
    teacher: {card: ../teachers/t.yaml}
    cache: {epochs: 610, encoding: topk, top_k: 50}
    model: {name: resnet50, init: pytorch}
    loss: {kl: 0.8, ce: 0.2}
    optimizer:
      name: lamb
      lr: 5.0e-3
      weight_decay: 0.02
      betas: [0.9, 0.999]
      eps: 1.0e-6
      max_grad_norm: 1.0
    schedule: {epochs: 610, warmup: 5, cooldown: 10, final_ratio: 0.01}
    ema: {decay: 0.9999, beta: 15}
    average: {keep: 10}
    validation: {size: 224, resize: 256, interpolation: bilinear, batch: 256}
    precision: bf16
    checkpoint: {every_steps: 500}
    """

/// The sample with one text replaced, read as if it stood in /exp/recipes/mine.yaml.
func read(
    _ old: String = "", _ new: String = "", overrides: [String] = []
) throws -> Recipe {
    precondition(old.isEmpty || sample.contains(old), "the sample does not contain \(old)")
    let text = old.isEmpty ? sample : sample.replacingOccurrences(of: old, with: new)
    return try Recipe(parsing: text, path: "/exp/recipes/mine.yaml", overrides: overrides)
}

/// The message of the error that `body` throws; empty if it throws none.
func message(_ body: () throws -> some Any) -> String {
    do {
        _ = try body()
        return ""
    } catch {
        return "\(error)"
    }
}

/// The message for the sample with one text replaced, without the file's folder.
func message(_ old: String, _ new: String) -> String {
    message { try read(old, new) }.replacingOccurrences(of: "/exp/recipes/", with: "")
}

/// The repository's root.
let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// A folder with the given files, removed after `body`.
func withFiles<R>(_ files: [String: String], _ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "recipes-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
        let file = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Foundation.Data(text.utf8).write(to: file)
    }
    return try body(folder.path)
}
