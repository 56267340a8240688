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
