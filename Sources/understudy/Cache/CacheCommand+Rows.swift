import ArgumentParser
import Base
import Distillation
import Foundation
import ResponseCache

extension CacheCommand {
    /// `understudy cache rows`.
    struct Rows: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints decoded responses.",
            discussion: """
                Example:
                  understudy cache rows --cache responses --epoch 0 --slots '0..<2' --json
                """)

        @Option(name: .long, help: "The cache's folder.")
        var cache: String

        @Option(name: .long, help: "The epoch, from 0; beyond the cached ones it wraps around.")
        var epoch: Int

        @Option(
            name: .long, help: "The slots, A..<B.",
            transform: SlotRange.init(parsing:))
        var slots: SlotRange

        @Flag(name: .long, help: "Print JSON; otherwise the five most probable classes of each.")
        var json = false

        func validate() throws {
            guard epoch >= 0 else { throw ValidationError("--epoch must not be negative") }
        }

        func run() throws {
            let reader = try CacheReader(directory: cache)
            let manifest = reader.manifest
            let classes = manifest.classes
            let values = try reader.rows(epoch: epoch % manifest.epochs, slots: slots.range)
            let rows = slots.range.enumerated().map { index, slot in
                Row(
                    slot: slot,
                    probabilities: Array(values[index * classes..<(index + 1) * classes]))
            }
            if json {
                try StandardStreams.print(Listing(epoch: epoch, rows: rows).json())
                return
            }
            for row in rows {
                let best = row.probabilities.enumerated().sorted { $0.element > $1.element }
                let text = best.prefix(5).map {
                    "\($0.offset): " + String(format: "%.4f", $0.element)
                }
                try StandardStreams.print("slot \(row.slot)  \(text.joined(separator: "  "))")
            }
        }
    }
}

/// The rows that `cache rows --json` prints.
private struct Listing: Encodable {
    let epoch: Int
    let rows: [Row]
}

private struct Row: Encodable {
    let slot: Int
    let probabilities: [Float]
}
