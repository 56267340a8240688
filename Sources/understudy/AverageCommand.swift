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
        let paths = try runFolder.map { try Run(path: $0).snapshots() } ?? files
        let mean = try WeightAverage.mean(of: paths)
        let metadata = try SafetensorsFile(path: paths[0]).metadata
        try SafetensorsFile.write(mean, metadata: metadata, to: out)
        try StandardStreams.print("\(out): the mean of \(paths.count) files")
    }
}
