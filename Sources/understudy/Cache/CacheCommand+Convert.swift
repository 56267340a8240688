import ArgumentParser
import Base
import Distillation
import Foundation
import ResponseCache

extension CacheCommand {
    /// `understudy cache convert`.
    struct Convert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stores a cache's responses anew in another encoding.",
            discussion: """
                The new cache holds what the old one decodes to, and serves the same recipes. What \
                the new encoding loses comes on top of what the old one lost, and is printed. The \
                old cache stays as it is. The same command goes on after a kill or Ctrl-C.

                `understudy cache bench --cache` says beforehand what each encoding would come to.

                Example:
                  understudy cache convert --cache responses --into small --encoding bounded \\
                    --max-kl 0.03
                """)

        @Option(name: .long, help: "The cache to convert.")
        var cache: String

        @Option(name: .long, help: "The new cache's folder; made if it is not there.")
        var into: String

        @Option(name: .long, help: "dense, topk or bounded.")
        var encoding: EncodingName

        @Option(name: .long, help: "Classes of each response, with topk.")
        var topK: Int?

        @Option(name: .long, help: "The bound in nats, with bounded; 0.01 by default.")
        var maxKL: Double?

        @Flag(name: .long, help: "Print the summary as JSON.")
        var json = false

        func validate() throws {
            guard topK == nil || encoding == .topk else {
                throw ValidationError("--top-k is for encoding topk")
            }
            guard maxKL == nil || encoding == .bounded else {
                throw ValidationError("--max-kl is for encoding bounded")
            }
            guard encoding != .topk || topK != nil else {
                throw ValidationError("encoding topk needs --top-k")
            }
        }

        func run() throws {
            Interruption.install()
            let chosen: RowEncoding =
                switch encoding {
                case .dense: .dense
                case .topk: .topK(topK ?? 0)
                case .bounded: .bounded(maxKL: maxKL ?? RowEncoding.standardBound)
                }
            let conversion = try CacheConversion(from: cache, into: into, encoding: chosen)
            let bar = ProgressBar()
            let summary = try {
                defer { bar.end() }
                return try conversion.run(progress: bar.parts("convert", goesOn: true))
            }()
            try StandardStreams.print(json ? try summary.json() : text(summary, chosen))
        }

        private func text(_ summary: CacheConversion.Summary, _ encoding: RowEncoding) -> String {
            var lines = [
                "\(into): \(summary.converted.grouped) parts converted to \(encoding), "
                    + "\(summary.skipped.grouped) were there; \(summary.bytesBefore.byteText) before, "
                    + "\(summary.bytesAfter.byteText) now"
            ]
            if let mean = summary.addedMeanKL, let maximum = summary.addedMaxKL {
                lines.append(
                    String(
                        format: "added divergence: mean %.5f, at most %.5f nats", mean, maximum))
            }
            if summary.missing > 0 {
                lines.append("\(summary.missing.grouped) parts are missing in \(cache)")
            }
            return lines.joined(separator: "\n")
        }
    }
}

/// An encoding as an option names it.
enum EncodingName: String, ExpressibleByArgument, CaseIterable {
    case dense
    case topk
    case bounded
}
