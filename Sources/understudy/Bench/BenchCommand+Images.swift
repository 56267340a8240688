import ArgumentParser
import Base

extension BenchCommand {
    /// `understudy bench images`.
    struct Images: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the made-up JPEGs that bench training reads.",
            discussion: """
                Example:
                  understudy bench images --out images --count 512
                """)

        @Option(name: .long, help: "The folder to make; class folders go below it.")
        var out: String

        @Option(name: .long, help: "How many; each has 500 x 375 pixels.")
        var count = 512

        func validate() throws {
            guard (1...1_000_000).contains(count) else {
                throw ValidationError("--count must be between 1 and 1000000")
            }
            guard !out.isEmpty else { throw ValidationError("--out must name a folder") }
        }

        func run() throws {
            guard FileKind.isMissing(out) else {
                throw CommandError("\(out) exists; name a folder that does not")
            }
            try SyntheticImages.write(count: count, to: out)
            try StandardStreams.print("\(count.grouped) images in \(out)")
        }
    }
}
