import Base
import Foundation
import Models
import Torch

/// What a network can be exported to, as a folder.
package enum ExportFormat: String, Sendable, CaseIterable {
    case torchvision, timm, huggingface, supergradients, onnx

    /// The library that loads it; nil for a model that any runtime takes.
    package var library: WeightOrigin? {
        switch self {
        case .torchvision: .torchvision
        case .timm: .timm
        case .huggingface: .huggingface
        case .supergradients: .supergradients
        case .onnx: nil
        }
    }
}

extension ExportedNetwork {
    /// What every export says of itself.
    func facts(_ format: ExportFormat) -> [String: JSONValue] {
        var facts: [String: JSONValue] = [
            "format": .text(format.rawValue), "network": .text(model),
            "classes": .integer(classes.count), "preprocessing": preprocessingValue,
            "recipe": .text(recipe.name),
            "weights": ["kind": .text(weights), "sha256": .text(digest)],
        ]
        facts["measured"] = measured.map { measured in
            var value: [String: JSONValue] = [
                "top1": .number(measured.top1), "images": .integer(measured.images),
            ]
            value["top5"] = measured.top5.map { .number($0) }
            return .object(value)
        }
        return facts
    }

    /// Writes a library's folder.
    ///
    /// - Throws: `ExportError` if the library has no such network; `SystemFailure`, `TorchError`.
    package func write(
        for library: WeightOrigin, _ format: ExportFormat, to folder: borrowing ExportFolder,
        _ golden: GoldenAnswers
    ) throws {
        let (foreign, layout) = try counterpart(in: library)
        let tensors = try layout.tensors(of: network.store)
        try SafetensorsFile.write(
            tensors.map { ($0.name, $0.tensor) }, metadata: ["format": "pt"],
            to: "\(folder.path)/model.safetensors")
        for (name, value) in configurations(of: foreign, format) {
            try folder.write(value, to: name)
        }
        if library == .huggingface { try folder.write(Data(modelCard.utf8), to: "README.md") }
        try golden.write(to: folder)
        try folder.publish(facts(format))
    }

    /// The files beside the weights that say what they are of.
    private func configurations(
        of foreign: Counterpart, _ format: ExportFormat
    ) -> [(name: String, value: JSONValue)] {
        switch format {
        case .onnx: []
        case .torchvision, .supergradients:
            [("config.json", constructor(of: foreign, format))]
        case .timm: [("config.json", timmConfiguration(of: foreign))]
        case .huggingface:
            [
                ("config.json", huggingFaceConfiguration(of: foreign)),
                ("preprocessor_config.json", huggingFacePreprocessing),
            ]
        }
    }

    /// How the network is made where no file of the library's own says it.
    private func constructor(of foreign: Counterpart, _ format: ExportFormat) -> JSONValue {
        [
            "library": .text(format.rawValue), "model": .text(foreign.name),
            "arguments": .object(
                foreign.arguments.merging(["num_classes": .integer(classes.count)]) { $1 }),
            "weights": "model.safetensors", "preprocessing": preprocessingValue,
            "classes": .list(classes.map { .text($0) }),
        ]
    }
}
