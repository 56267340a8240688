import ArgumentParser
import Distillation
import Foundation
import Graphs

/// What a run is exported to.
enum ExportTarget: String, ExpressibleByArgument, CaseIterable {
    case safetensors, torchvision, timm, huggingface, supergradients, onnx

    /// The format of a folder; nil for a file of weights.
    var format: ExportFormat? { ExportFormat(rawValue: rawValue) }
}

/// What an ONNX model takes.
enum ModelInput: String, ExpressibleByArgument, CaseIterable {
    case float32, uint8

    var input: Graph.Input {
        switch self {
        case .float32: .images
        case .uint8: .pixels
        }
    }
}

/// What a file of weights can be.
enum FileFormat: String, ExpressibleByArgument, CaseIterable {
    case safetensors

    /// Endings of files' names by which people mean another one.
    private static let others: Set<String> = [
        "onnx", "pt", "pth", "ckpt", "bin", "pt2", "h5", "hdf5", "npz", "npy", "pb", "tflite",
        "engine", "plan", "gguf", "mlmodel", "mlpackage",
    ]

    /// The format that a file's name says; safetensors for one that says none.
    ///
    /// - Throws: `ValidationError` for the name of a format that is not written.
    init(ofFile path: String) throws {
        let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
        guard ending != "onnx" else {
            throw ValidationError(
                "--to onnx writes a model and what belongs to it into the folder that --out names; "
                    + "for a file of weights choose an --out that ends in .safetensors")
        }
        guard Self.others.contains(ending) else {
            self = .safetensors
            return
        }
        throw ValidationError(
            "no .\(ending) can be written; choose an --out that ends in .safetensors, which "
                + "PyTorch loads and exports to other formats, or pass --format safetensors")
    }
}
