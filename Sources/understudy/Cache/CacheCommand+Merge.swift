import ArgumentParser
import Base
import Distillation
import Foundation
import ResponseCache

extension CacheCommand {
    /// `understudy cache merge`.
    struct Merge: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gathers the parts of several caches of one fingerprint in one.",
            discussion: """
                Parts come as hard links where the file system allows it and as copies elsewhere; \
                the sources stay as they are. Parts that two caches hold must be the same. An \
                epoch that a source holds in one file comes as that file. The same command goes \
                on after a kill or Ctrl-C.

                Example:
                  understudy cache merge --into responses node0/responses node1/responses
                """)

        @Option(name: .long, help: "The merged cache's folder; made if it is not there.")
        var into: String

        @Argument(help: ArgumentHelp("The caches to gather.", valueName: "cache"))
        var sources: [String]

        @Flag(name: .long, help: "Print the summary as JSON.")
        var json = false

        func run() throws {
            Interruption.install()
            let bar = ProgressBar()
            let merge = try CacheMerge(into: into, sources: sources)
            let summary = try {
                defer { bar.end() }
                return try merge.run(progress: bar.parts("merge", goesOn: true))
            }()
            if json {
                try StandardStreams.print(summary.json())
            } else {
                try StandardStreams.print(
                    "\(into): \(summary.linked.grouped) parts linked, \(summary.copied.grouped) "
                        + "copied, \(summary.present.grouped) were there; "
                        + "\(summary.missing.grouped) are missing")
            }
        }
    }
}
