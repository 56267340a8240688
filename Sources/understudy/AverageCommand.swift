import ArgumentParser
import Base
import Distillation
import Foundation
import Torch

/// `understudy average`.
struct AverageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "average",
        abstract: "Averages the weights of several files, or of a run's best snapshots.",
        discussion: """
            Example:
              understudy average --run runs/kd --out runs/kd/average.safetensors
            """)

    @Option(
        name: .customLong("run"), help: "A run, finished or not, whose best snapshots are averaged."
    )
    var runFolder: String?

    @Option(name: .long, help: "The file to write.")
    var out: String

    @Argument(help: "Weights to average, safetensors files of one network.")
    var files: [String] = []

    func validate() throws {
        guard (runFolder == nil) != files.isEmpty else {
            throw ValidationError("name either --run RUN or the files to average")
        }
    }

    func run() throws {
        let out = try OutputFile(out, "--out", .weights)
        let sources =
            try runFolder.map { try Run(path: $0).snapshots() }
            ?? files.map { try SafetensorsFile(path: $0) }
        let mean = try WeightAverage.mean(of: sources)
        try SafetensorsFile.writeSealed(
            mean.map { ($0.name, $0.tensor) }, metadata: sources[0].metadata, to: out.path)
        try StandardStreams.print("\(self.out): the mean of \(sources.count) files".printable)
    }
}
