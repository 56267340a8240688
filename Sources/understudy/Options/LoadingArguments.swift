import ArgumentParser
import Base
import Loading

/// With how many threads, and how far ahead, images are rendered.
struct LoadingArguments: ParsableArguments {
    /// How many threads an option may ask for.
    static let threadCounts = 1...LoadingOptions.workerLimit

    @Option(
        name: .long,
        help: "Threads that read and render images; by default one for each core that may be used.")
    var workers = Cores.usable.count

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Memory for rendered images: those under way, waiting or in use, in MiB.",
            valueName: "MiB"))
    var prefetch = LoadingOptions.standardBudget >> 20

    func validate() throws {
        guard Self.threadCounts.contains(workers) else {
            throw ValidationError("--workers must be between 1 and \(Self.threadCounts.upperBound)")
        }
        guard (1...1 << 20).contains(prefetch) else {
            throw ValidationError("--prefetch must be between 1 and \(1 << 20) MiB")
        }
    }

    var options: LoadingOptions { options(pinned: false) }

    /// - Parameter pinned: whether batches lie in page-locked memory, for copies to a GPU.
    func options(pinned: Bool) -> LoadingOptions {
        LoadingOptions(workers: workers, budget: prefetch << 20, pinned: pinned)
    }
}
