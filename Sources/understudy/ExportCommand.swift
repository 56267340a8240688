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
        case average, best, last
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a run's weights as safetensors with torchvision's or timm's names.",
        discussion: """
            The file loads with safetensors.torch.load_file and load_state_dict(strict=True).

            Example:
              understudy export --run runs/kd --out resnet50-kd.safetensors
            """)

    @Option(name: .customLong("run"), help: "The run's folder.")
    var runFolder: String

    @Option(name: .long, help: "average (of the best snapshots), best, or last (the EMA network).")
    var which = Weights.average

    @Option(name: .long, help: "The file to write.")
    var out: String

    func run() throws {
        let source = Run(path: runFolder)
        let recipe = try source.recipe()
        let metadata = ["model": recipe.model.name, "recipe": recipe.name, "format": "pt"]
        let out = try OutputFile(out, "--out", .weights)
        let network = try recipe.makeNetwork(on: .cpu)
        switch which {
        case .average: try network.store.load(source.weights("average.safetensors"))
        case .best: try network.store.load(source.weights("best.safetensors"))
        case .last: try network.store.load(tensors: source.lastWeights())
        }
        try network.store.save(to: out.path, metadata: metadata)
        try StandardStreams.print(
            "\(self.out): \(which.rawValue) weights of \(recipe.model.name), \(recipe.data.classes) classes"
                .printable
        )
    }
}
