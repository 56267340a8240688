import ArgumentParser
import Base
import Distillation
import Foundation
import ResponseCache

extension CacheCommand {
    /// `understudy cache compact`.
    struct Compact: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts each complete epoch of a cache in one file.",
            discussion: """
                The file epoch-0000.h5 takes the place of the folder epoch-0000: one HDF5 group \
                for each part, with the part's attributes and datasets. Parts are removed only \
                once the file is written and compared with them, so nothing is lost at a kill or \
                Ctrl-C, and the same command goes on. Epochs of which parts are missing are left. \
                Readers and builders may run meanwhile. An epoch's bytes are held in memory.

                Example:
                  understudy cache compact --cache responses
                """)

        @Option(name: .long, help: "The cache's folder.")
        var cache: String

        @Option(
            name: .long, help: "Only these cached epochs, A..<B; by default all.",
            transform: SlotRange.init(parsing:))
        var epochs: SlotRange?

        @Flag(name: .long, help: "Print the summary as JSON.")
        var json = false

        func run() throws {
            Interruption.install()
            let bar = ProgressBar()
            let compaction = try CacheCompaction(directory: cache)
            let summary = try {
                defer { bar.end() }
                return try compaction.run(
                    epochs: epochs?.range, progress: bar.parts("compact", goesOn: true))
            }()
            try StandardStreams.print(json ? try summary.json() : text(summary))
            if !summary.faults.isEmpty {
                let complete = summary.compacted + summary.present + summary.faults.count
                throw CommandError(
                    "\(cache): \(summary.faults.count) of \(complete) complete epochs are left as "
                        + "they are")
            }
        }

        private func text(_ summary: CacheCompaction.Summary) -> String {
            let lines =
                summary.faults.map(\.message) + Self.lines(summary.incomplete)
                + [
                    "\(cache): \(summary.compacted.grouped) epochs compacted, "
                        + "\(summary.present.grouped) were already; \(summary.removed.grouped) "
                        + "part files removed; \(summary.bytes.byteText) in epoch files"
                ]
            return lines.joined(separator: "\n")
        }

        /// A line for each run of epochs that lack as many parts.
        private static func lines(_ epochs: [CacheCompaction.IncompleteEpoch]) -> [String] {
            var runs: [(epochs: Range<Int>, missing: Int)] = []
            for epoch in epochs {
                if let last = runs.last, last.epochs.upperBound == epoch.epoch,
                    last.missing == epoch.missing
                {
                    runs[runs.count - 1].epochs = last.epochs.lowerBound..<epoch.epoch + 1
                } else {
                    runs.append((epoch.epoch..<epoch.epoch + 1, epoch.missing))
                }
            }
            return runs.map { epochs, missing in
                let parts = "missing parts: \(missing.grouped)"
                return epochs.count == 1
                    ? "epoch \(epochs.lowerBound) is left as it is; \(parts)"
                    : "epochs \(epochs) are left as they are; \(parts) of each"
            }
        }
    }
}
