import ArgumentParser
import Base
import Distillation
import Foundation
import Models
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

    @Option(name: .long, help: WeightsOptions.entryHelp)
    var entry: String?

    @Argument(help: "Weights to average, files of one network.")
    var files: [String] = []

    func validate() throws {
        guard (runFolder == nil) != files.isEmpty else {
            throw ValidationError("name either --run RUN or the files to average")
        }
        guard entry == nil || runFolder == nil else {
            throw ValidationError("--entry is for files; leave it out")
        }
    }

    func run() throws {
        let out = try OutputFile(out, "--out", .weights)
        let sources: [any WeightsArchive] =
            try runFolder.map { try Run(path: $0).snapshots() }
            ?? files.map { try WeightsArchives.open($0, entry: entry) }
        for source in sources {
            for note in source.notes {
                StandardStreams.report("\(source.path): \(note)\n".printableLines)
            }
        }
        let description = try Self.description(of: sources)
        let mean = try WeightAverage.mean(of: sources)
        try SafetensorsFile.writeSealed(
            mean.map { ($0.name, $0.tensor) }, metadata: description.metadata, to: out.path)
        try StandardStreams.print("\(self.out): the mean of \(sources.count) files".printable)
    }

    /// What the mean says of itself: what its parts agree on.
    ///
    /// - Throws: `CommandError` where their classes have different names: the logits mean others.
    private static func description(of files: [any WeightsArchive]) throws -> WeightsDescription {
        let descriptions = try files.map { try WeightsDescription(of: $0) }
        let common = WeightsDescription.common(to: descriptions)
        let named = zip(files, descriptions).filter { $1.classes != nil }
        if let first = named.first,
            let other = named.first(where: { $1.classes != first.1.classes })
        {
            throw CommandError(
                "\(first.0.path) and \(other.0.path): their classes have different names or "
                    + "another order, so that their mean would mean nothing")
        }
        let parts = Set(descriptions.flatMap(\.said)).subtracting(common.said).sorted()
        if !parts.isEmpty {
            StandardStreams.report(
                "the files differ in \(parts.joined(separator: ", ")), which the mean does not "
                    + "say\n")
        }
        return common
    }
}
