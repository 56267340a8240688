import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Recipes
import Torch

/// The recipe of a command and its overrides.
struct RecipeOptions: ParsableArguments {
    @Option(name: .long, help: "The recipe, a YAML file.")
    var recipe: String

    @OptionGroup private var changes: RecipeOverrides

    var overrides: [String] { changes.list }

    /// Reads the recipe.
    func read() throws -> Recipe { try Recipe(contentsOf: recipe, overrides: overrides) }
}

/// What a command line changes of a recipe.
struct RecipeOverrides: ParsableArguments {
    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp(
            "Overrides one key of the recipe, for example optimizer.lr=0.01. May be repeated.",
            valueName: "key=value"))
    var list: [String] = []
}

/// Which of a recipe's teachers a command is about.
struct TeacherOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The recipe's teacher, by its card's name; needed where the recipe has several.",
            valueName: "name"))
    var teacher: String?

    /// The section of the teacher that is meant.
    func section(of recipe: Recipe) throws -> Recipe.Teacher {
        try recipe.teacher(named: teacher)
    }
}

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

extension Threads {
    /// Checks that a limit of mappings leaves room to compute, with the threads that are set.
    ///
    /// - Parameter workers: threads that render besides.
    static func requireRoom(rendering workers: Int = 0) throws(MappingLimitError) {
        try MappingLimit.require(MappingLimit.roomToCompute(threads: count + workers))
    }
}

/// A device as an option names it.
enum DeviceChoice: ExpressibleByArgument, Equatable, CustomStringConvertible {
    /// A named one.
    case device(Device)
    /// `cuda`: the GPU of this process among those that a launcher started on the machine.
    case localGPU

    init?(argument: String) {
        if argument == "cuda" {
            self = .localGPU
        } else if let device = Device(argument: argument) {
            self = .device(device)
        } else {
            return nil
        }
    }

    var description: String {
        switch self {
        case .device(let device): device.description
        case .localGPU: "cuda"
        }
    }

    /// The device, after a check that it is there, with no more threads to compute than there are
    /// cores for them.
    func checked() throws -> Device {
        let device: Device
        switch self {
        case .device(let named): device = named
        case .localGPU:
            let rank = try Shard.localRank(environment: ProcessInfo.processInfo.environment) ?? 0
            // A launcher may show each process its own GPU only, which is then the first.
            device = try .cuda(Device.cudaCount() == 1 ? 0 : rank)
        }
        try device.require()
        // libtorch knows of cores and of the affinity, but not of a container's quota. Where it
        // would not take more, its own choice stays: the sums of a training depend on it.
        if !Self.areThreadsChosen, Threads.count > Cores.usable.count {
            try Threads.setCount(Cores.usable.count)
        }
        return device
    }

    /// Whether the user told libtorch how many threads to take, in its own way.
    private static var areThreadsChosen: Bool {
        let environment = ProcessInfo.processInfo.environment
        return ["OMP_NUM_THREADS", "MKL_NUM_THREADS"].contains { environment[$0] != nil }
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

/// A range of slots, written `A..<B`.
struct SlotRange: ExpressibleByArgument {
    let range: Range<Int>

    init?(argument: String) {
        let parts = argument.components(separatedBy: "..<")
        guard parts.count == 2, let first = Int(parts[0]), let last = Int(parts[1]),
            first >= 0, first < last
        else { return nil }
        range = first..<last
    }

    static var defaultCompletionKind: CompletionKind { .default }
}

extension Recipe.Limits {
    /// Checks the `--epoch` of a command.
    static func check(epoch: Int) throws {
        guard (0..<epochs.upperBound).contains(epoch) else {
            throw ValidationError("--epoch must be between 0 and \(epochs.upperBound - 1)")
        }
    }
}

extension ResponseFamily: ExpressibleByArgument {}

extension Device: ExpressibleByArgument {
    /// Reads `cpu`, `cuda` or `cuda:N`.
    package init?(argument: String) {
        guard let device = try? Device(parsing: argument) else { return nil }
        self = device
    }

    /// Checks that the device is there.
    ///
    /// - Throws: `TorchError` where libtorch has no CUDA or finds no device; `CommandError` for an
    ///   index beyond the devices.
    func require() throws {
        guard case .cuda(let index) = self else { return }
        let count = try Device.cudaCount()
        guard index < count else {
            throw CommandError("no \(self): this machine has \(count) CUDA device(s), from cuda:0")
        }
    }
}

/// A command that cannot do what it was asked: one line.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description.printableLines }
}

extension Encodable {
    /// The value as JSON with sorted keys, on one line unless `pretty`.
    ///
    /// JSON has no numbers for what is not finite: they become the strings NaN, Infinity and
    /// -Infinity.
    func json(pretty: Bool = false) throws -> String {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        encoder.outputFormatting =
            pretty
            ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
            : [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self).printableJSON
    }
}

extension Int {
    /// The number with a comma between thousands: `1,281,167`.
    var grouped: String {
        var digits = String(magnitude)
        var result = ""
        while digits.count > 3 {
            result = "," + digits.suffix(3) + result
            digits.removeLast(3)
        }
        return (self < 0 ? "-" : "") + digits + result
    }
}
