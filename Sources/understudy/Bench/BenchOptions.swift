import ArgumentParser
import Base
import Recipes
import Torch

/// How long something is measured, and how the result is printed.
struct BenchOptions: ParsableArguments {
    @Option(name: .long, help: "Where to compute: cpu, cuda:N, or cuda.")
    var device = DeviceChoice.device(.cpu)

    @Option(name: .long, help: "fp32 (float32 throughout, no TF32) or bf16 (autocast).")
    var precision = Recipe.Precision.bf16

    @Option(name: .long, help: "Images in a group: one forward pass.")
    var group = 192

    @Option(name: .long, help: "Rounds to measure; the median counts.")
    var rounds = 5

    @Option(name: .long, help: "Rounds before them that do not count.")
    var warmup = 2

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...1 << 16).contains(group) else {
            throw ValidationError("--group must be between 1 and \(1 << 16)")
        }
        guard (1...10_000).contains(rounds), (0...10_000).contains(warmup) else {
            throw ValidationError("--rounds must be 1 to 10000, --warmup 0 to 10000")
        }
    }

    /// The device, after a check that it is there and that there is room to compute.
    func checkedDevice() throws -> Device {
        let device = try device.checked()
        try Threads.requireRoom()
        return device
    }

    /// Measures rounds of work, each until the device is done with it.
    func time(on device: Device, _ round: () throws -> Void) throws -> [Double] {
        for _ in 0..<warmup { try round() }
        try device.synchronize()
        return try (0..<rounds).map { _ in
            let start = ContinuousClock.now
            try round()
            try device.synchronize()
            return start.duration(to: .now) / .seconds(1)
        }
    }

    func print(_ report: BenchReport) throws {
        try StandardStreams.print(json ? try report.json() : report.text)
    }
}
