import ArgumentParser
import Base
import Loading
import Torch

/// Where and with how many threads a command computes.
struct DeviceOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "Where to compute: cpu, cuda:N, or cuda for the GPU of this process's local rank.")
    var device = DeviceChoice.device(.cpu)

    @Option(
        name: .long,
        help: "Threads that compute on the CPU; by default one for each core that may be used.")
    var threads: Int?

    @Flag(
        name: .long,
        help: "On a GPU, compute so that each run gives the same bits, as on a CPU; slower.")
    var deterministic = false

    @OptionGroup var loadingOptions: LoadingArguments

    func validate() throws {
        guard (threads.map { LoadingArguments.threadCounts.contains($0) }) ?? true else {
            throw ValidationError(
                "--threads must be between 1 and \(LoadingArguments.threadCounts.upperBound)")
        }
    }

    /// How images are rendered ahead of the device.
    var loading: LoadingOptions { loadingOptions.options(pinned: device != .device(.cpu)) }

    /// The device, after a check that it is there, and with the threads that are to compute.
    func checkedDevice() throws -> Device {
        if deterministic { try Numerics(deterministic: true).set() }
        let device = try device.checked()
        if let threads { try Threads.setCount(threads) }
        try Threads.requireRoom(rendering: loadingOptions.workers)
        if device == .cpu { SpinWatch.begin() }
        return device
    }

    /// What was chosen, for a log: `threads: 2 to compute, 2 to render; 2 cores`.
    var threadsText: String {
        let rendering = "\(loadingOptions.workers) to render; \(Cores.usable)"
        guard device == .device(.cpu) else { return "threads: \(rendering)" }
        return "threads: \(Threads.count) to compute, \(rendering)"
    }
}

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

extension Threads {
    /// Checks that a limit of mappings leaves room to compute, with the threads that are set.
    ///
    /// - Parameter workers: threads that render besides.
    static func requireRoom(rendering workers: Int = 0) throws(MappingLimitError) {
        try MappingLimit.require(MappingLimit.roomToCompute(threads: count + workers))
    }
}
