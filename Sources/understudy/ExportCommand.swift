import ArgumentParser
import Base
import Distillation
import Foundation
import Models
import Recipes
import Torch

/// `understudy export`.
struct ExportCommand: ParsableCommand {
    /// Which of a run's weights are meant.
    enum Weights: String, ExpressibleByArgument, CaseIterable {
        case result, average, best, raw, last
    }

    /// What a file of weights can be.
    enum Format: String, ExpressibleByArgument, CaseIterable {
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
            guard Self.others.contains(ending) else {
                self = .safetensors
                return
            }
            throw ValidationError(
                "no .\(ending) can be written; choose an --out that ends in .safetensors, which "
                    + "PyTorch loads and exports to other formats, or pass --format safetensors")
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a run's weights as safetensors with torchvision's or timm's names.",
        discussion: """
            The weights are the run's result: the mean of its best snapshots or, where that was \
            better, the best single snapshot of the moving average or of the trained network. \
            --which takes others, also of a run that has not come to its end.

            The file loads with safetensors.torch.load_file and load_state_dict(strict=True). Its \
            metadata say the network, how images are prepared, the classes' names and the recipe.

            Example:
              understudy export --run runs/kd --out resnet50-kd.safetensors
            """)

    @Option(name: .customLong("run"), help: "The run's folder.")
    var runFolder: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "result; average (the mean of the best snapshots), best (the best EMA snapshot), raw "
                + "(the best of the trained network); or last (the EMA network as it is).",
            valueName: "weights"))
    var which = Weights.result

    @Option(name: .long, help: "The file to write.")
    var out: String

    @Option(name: .long, help: "safetensors, whatever the file's name ends in.")
    var format: Format?

    func validate() throws { _ = try format ?? Format(ofFile: out) }

    func run() throws {
        let format = try format ?? Format(ofFile: out)
        let source = Run(path: runFolder)
        let recipe = try source.recipe()
        let out = try OutputFile(out, "--out", .weights)
        let network = try recipe.makeNetwork(on: .cpu)
        let chosen: RunWeights? =
            switch which {
            case .result: try source.result()
            case .average: .average
            case .best: .best
            case .raw: .raw
            case .last: nil
            }
        let file: SafetensorsFile
        if let chosen {
            file = try source.weights(chosen)
            try network.store.load(file)
        } else {
            file = try source.lastTensors()
            try network.store.load(tensors: source.lastWeights(in: file))
        }
        let description = try source.description(of: file)
        try network.store.save(to: out.path, metadata: description.metadata)
        try StandardStreams.print(
            summary(
                of: network, chosen?.rawValue ?? which.rawValue, description, format,
                bytes: RegularFile.bytes(at: out.path)))
    }

    /// What was written, in some lines.
    private func summary(
        of network: any ImageClassifier, _ weights: String, _ description: WeightsDescription,
        _ format: Format, bytes: Int?
    ) -> String {
        let parameters = network.store.parameters.reduce(0) { $0 + $1.tensor.count }
        let size = bytes.map { ", \($0.byteText)" } ?? ""
        return """
            \(out.printable): \(format.rawValue)\(size)
              \(weights) weights of \(description.model ?? network.architecture.kind), \
            \(parameters.grouped) parameters, \(network.classes) classes
              says of itself: \(description.said.joined(separator: ", "))
            """
    }
}
