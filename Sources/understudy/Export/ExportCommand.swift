import ArgumentParser
import Base
import Distillation
import Foundation
import Models
import Recipes
import Torch

/// `understudy export`.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a run's network for other programs.",
        discussion: """
            The weights are the run's result: the mean of its best snapshots or, where that was \
            better, the best single snapshot of the moving average or of the trained network. \
            --which takes others, also of a run that has not come to its end.

            Without --to a file of weights is written, with torchvision's or timm's names. It \
            loads with safetensors.torch.load_file and load_state_dict(strict=True). Its metadata \
            say the network, how images are prepared, the classes' names and the recipe.

            With --to a folder is written:
              huggingface    AutoModelForImageClassification and AutoImageProcessor
              timm           timm.create_model("local-dir:FOLDER")
              torchvision    a state dict, and a JSON of the network that it is for
              supergradients the same with SuperGradients' names
              onnx           a model of opset 17, for ONNX Runtime, TensorRT and others
            In its golden/ are some validation images with the network's logits, to check what \
            loads it.

            Example:
              understudy export --run runs/kd --out resnet50-kd.safetensors
              understudy export --run runs/kd --to huggingface --out resnet50-kd
              understudy export --run runs/kd --to onnx --fold-bn --input uint8 \\
                --out resnet50-kd-onnx
            """)

    @Option(name: .customLong("run"), help: "The run's folder.")
    var runFolder: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "result; average (the mean of the best snapshots), best (the best EMA snapshot), raw "
                + "(the best of the trained network); or last (the EMA network as it is).",
            valueName: "weights"))
    var which = WeightsChoice.result

    @Option(
        name: .long,
        help: ArgumentHelp(
            "safetensors, torchvision, timm, huggingface, supergradients or onnx.",
            valueName: "format"))
    var to = ExportTarget.safetensors

    @Option(name: .long, help: "The file to write; with --to, but for safetensors, the folder.")
    var out: String

    @Option(name: .long, help: "safetensors, whatever the file's name ends in.")
    var format: FileFormat?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Images for golden/, where the recipe's validation images are not there: a folder of "
                + "class folders, a list, or tar shards."))
    var data: String?

    @Flag(
        name: .customLong("fold-bn"),
        help: "ONNX: make batch normalizations part of the convolutions before them.")
    var foldsBatchNorms = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "ONNX: what the model takes, float32 ([N, 3, H, W], normalized) or uint8 ([N, H, W, 3], "
                + "as decoded, normalized in the model).", valueName: "type"))
    var input = ModelInput.float32

    @OptionGroup var int8: Int8Options

    func validate() throws {
        try int8.check(run: runFolder)
        guard to == .safetensors else {
            guard format == nil else {
                throw ValidationError("--format is for a file of weights; leave out it or --to")
            }
            guard to == .onnx || !(foldsBatchNorms || input != .float32 || int8.isWanted) else {
                throw ValidationError("--fold-bn, --input and --int8 are for --to onnx")
            }
            return
        }
        _ = try format ?? FileFormat(ofFile: out)
        guard data == nil, !foldsBatchNorms, input == .float32, !int8.isWanted else {
            throw ValidationError(
                "--data, --fold-bn, --input and --int8 are for a folder; choose one by --to")
        }
    }

    func run() throws {
        let chosen = try ChosenWeights(Run(path: runFolder), which)
        guard let format = to.format else { return try writeFile(chosen) }
        try writeFolder(chosen, format)
    }
}

// MARK: - A file

extension ExportCommand {
    private func writeFile(_ chosen: ChosenWeights) throws {
        let format = try format ?? FileFormat(ofFile: out)
        let out = try OutputFile(out, "--out", .weights)
        try chosen.network.store.save(to: out.path, metadata: chosen.description.metadata)
        let size = RegularFile.bytes(at: out.path).map { ", \($0.byteText)" } ?? ""
        try StandardStreams.print(
            """
            \(self.out.printable): \(format.rawValue)\(size)
              \(chosen.summary)
              says of itself: \(chosen.description.said.joined(separator: ", "))
            """)
    }
}

// MARK: - A folder

extension ExportCommand {
    private func writeFolder(_ chosen: ChosenWeights, _ format: ExportFormat) throws {
        // What is in the way, and what the format cannot hold, is said before anything is computed.
        let folder = try ExportFolder(out)
        let exported = try chosen.exported()
        if let library = format.library { try exported.check(library) }
        let golden = try GoldenAnswers(of: exported, to: chosen.images(data))
        if let library = format.library {
            try exported.write(for: library, format, to: folder, golden)
        } else {
            // In 8 bits they are folded anyway.
            let options = ONNXOptions(
                foldsBatchNorms: foldsBatchNorms || int8.isWanted, input: input.input)
            let graph =
                int8.isWanted
                ? try int8.quantized(
                    exported.network, exported.preprocessing, ofRun: runFolder, on: .cpu
                ).graph : try exported.graph(foldsBatchNorms: foldsBatchNorms)
            try exported.writeONNX(
                graph, options, quantized: int8.isWanted, to: folder, golden)
        }
        try StandardStreams.print(
            """
            \(out.printable): \(format.rawValue)
              \(chosen.summary)
              golden/: \(golden.imageCount) images and their logits; tools/check-exports compares
            """)
    }
}
