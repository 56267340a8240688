import ArgumentParser
import Base
import Foundation
import Models
import Torch

extension WeightsCommand {
    /// `understudy weights inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what a file of weights holds, and what it looks like.",
            discussion: """
                Tensors whose names differ in numbers only stand in one line. --verify reads all \
                of them, and fails if one is damaged or holds a number that is not finite.

                Example:
                  understudy weights inspect resnet50.pth
                  understudy weights inspect models/resnet-50 --json
                """)

        @Argument(
            help: ArgumentHelp(
                "The weights: a file, the index of several, or a folder.", valueName: "weights"))
        var path: String

        @Option(name: .long, help: WeightsOptions.entryHelp)
        var entry: String?

        @Flag(name: .long, help: "Read every tensor, and refuse what is damaged or not finite.")
        var verify = false

        @Flag(name: .long, help: "Print JSON, with every tensor.")
        var json = false

        func run() throws {
            let archive = try WeightsArchives.open(path, entry: entry)
            if verify { try archive.verify(isFinite: true) }
            var directory: HuggingFaceDirectory?
            var notes: [String] = []
            if HuggingFaceDirectory.isOne(path) {
                // What is not understood is what somebody inspects.
                do { directory = try HuggingFaceDirectory(path) } catch { notes = ["\(error)"] }
            }
            let report = WeightsReport(of: archive, directory, notes: notes)
            try StandardStreams.print(json ? try report.json() : report.text.printableLines)
        }
    }
}
