import ArgumentParser
import Base
import Distillation
import Foundation
import Recipes
import Torch

/// `understudy export`.
struct ExportCommand: ParsableCommand {
    /// Which of a run's weights are meant.
    enum Weights: String, ExpressibleByArgument, CaseIterable {
        case result, average, best, raw, last
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a run's weights as safetensors with torchvision's or timm's names.",
        discussion: """
            The weights are the run's result: the mean of its best snapshots or, where that was \
            better, the best single snapshot of the moving average or of the trained network. \
            --which takes others, also of a run that has not come to its end.

            The file loads with safetensors.torch.load_file and load_state_dict(strict=True).

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

    func run() throws {
        let source = Run(path: runFolder)
        let recipe = try source.recipe()
        let metadata = ["model": recipe.model.name, "recipe": recipe.name, "format": "pt"]
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
        if let chosen {
            try network.store.load(source.weights(chosen))
        } else {
            try network.store.load(tensors: source.lastWeights())
        }
        try network.store.save(to: out.path, metadata: metadata)
        try StandardStreams.print(
            ("\(self.out): \(chosen?.rawValue ?? which.rawValue) weights of \(recipe.model.name), "
                + "\(recipe.data.classes) classes").printable)
    }
}
