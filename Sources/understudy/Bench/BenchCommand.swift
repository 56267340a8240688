import ArgumentParser
import Base
import Foundation
import Models
import Recipes
import Torch

/// `understudy bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures what a machine does in a second.",
        discussion: """
            With --recipe it measures what that recipe takes here, on its own images: views, \
            teacher, student, cache and memory. The subcommands measure on made-up data, which \
            tools/gpu-check does beside the same work in PyTorch.

            Example:
              understudy bench --recipe recipes/patches-kd.yaml --json > bench.json
              understudy bench student --device cuda:0 --precision bf16
              understudy bench training --device cuda:0 --online
            """,
        subcommands: [
            RecipeBench.self, Student.self, TeacherForward.self, Training.self, Images.self,
        ], defaultSubcommand: RecipeBench.self)

    /// A published network by its name.
    static func published(_ name: String) throws -> PublishedNetwork {
        guard let network = PublishedNetwork.named(name) else {
            throw ValidationError(
                "no model '\(name)'; known: \(PublishedNetwork.examples(insteadOf: name))")
        }
        return network
    }
}

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

/// What was measured.
struct BenchReport: Encodable {
    let what: String
    let device: String
    let precision: Recipe.Precision
    /// Images in each round.
    let images: Int
    /// The seconds of each round.
    let seconds: [Double]
    /// The most bytes that tensors took at once; `nil` on the CPU.
    let peakMemory: Int?
    let threads: Int

    init(
        _ what: String, on device: Device, precision: Recipe.Precision, images: Int,
        seconds: [Double]
    ) {
        self.what = what
        self.device = device.description
        self.precision = precision
        self.images = images
        self.seconds = seconds
        // What it took is no reason to lose what was measured.
        peakMemory = try? device.peakMemory()
        threads = Threads.count
    }

    private enum CodingKeys: String, CodingKey {
        case what, device, precision, images, seconds, threads
        case imagesPerSecond = "images_per_second"
        case peakMemory = "peak_memory"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(what, forKey: .what)
        try container.encode(device, forKey: .device)
        try container.encode(precision.rawValue, forKey: .precision)
        try container.encode(images, forKey: .images)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(imagesPerSecond, forKey: .imagesPerSecond)
        try container.encode(peakMemory, forKey: .peakMemory)
        try container.encode(threads, forKey: .threads)
    }

    /// Of the median round.
    var imagesPerSecond: Double {
        let sorted = seconds.sorted()
        let median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        return Double(images) / max(median, 1e-9)
    }

    var text: String {
        var line = String(
            format: "%@, %@, %@: %.1f images/s (median of %ld rounds of %ld images", what,
            precision.rawValue, device, imagesPerSecond, seconds.count, images)
        if let peakMemory { line += ", \(peakMemory.byteText) at most" }
        return line + ")"
    }
}
