import ArgumentParser
import Base
import Distillation
import Foundation
import Learning
import Models
import Recipes
import Torch

/// `understudy bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures what a device does in a second, on made-up data.",
        discussion: """
            tools/gpu-check runs these beside the same work in PyTorch.

            Example:
              understudy bench student --device cuda:0 --precision bf16
              understudy bench training --device cuda:0 --online
            """,
        subcommands: [Student.self, TeacherForward.self, Training.self, Images.self])
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

extension BenchCommand {
    /// `understudy bench student`.
    struct Student: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A training step: forward, loss, backward, LAMB and the moving average.",
            discussion: """
                Images, label distributions and responses are on the device already: nothing is \
                read, decoded or copied.

                Example:
                  understudy bench student --device cuda:0 --precision bf16 --groups 8
                """)

        @OptionGroup var options: BenchOptions

        @Option(name: .long, help: "The network's name.")
        var model = "resnet50"

        @Option(name: .long, help: "The images' side, in pixels.")
        var size = 224

        @Option(name: .long, help: "Groups whose gradients make a step.")
        var groups = 1

        func validate() throws {
            guard (1...1024).contains(groups) else {
                throw ValidationError("--groups must be between 1 and 1024")
            }
            guard (32...1024).contains(size) else {
                throw ValidationError("--size must be between 32 and 1024")
            }
        }

        func run() throws {
            let device = try options.checkedDevice()
            let architecture = try BenchCommand.published(model).architecture
            func make() throws -> any ImageClassifier {
                try architecture.makeNetwork(
                    classes: 1000, device: device, seed: 1, initialization: .timm)
            }
            let batch = try MadeBatch(images: options.group, size: size, classes: 1000)
                .on(device)
            let network = try make()
            let optimizer = try Optimizer(
                LAMB(), of: OptimizedParameters(of: network), weightDecay: 0.02, maxGradNorm: 1)
            let average = try ExponentialMovingAverage(
                of: network, into: make(), decay: 0.9999, beta: 15)
            var step = 0
            let seconds = try options.time(on: device) {
                var sum: Tensor?
                for index in 0..<groups {
                    let logits = try withAutocast(options.precision.autocast, on: device) {
                        () throws(TorchError) in
                        try network.logits(
                            batch.images,
                            mode: .training(updatesStatistics: index == 0, dropPath: nil))
                    }
                    let value = try Loss.published(
                        LossInputs(
                            logits: logits, targets: batch.targets, teacher: batch.teacher))
                    try (value.total / Double(groups)).backward()
                    let part = try value.total.detached()
                    sum = try sum.map { try $0 + part } ?? part
                }
                step += 1
                // As in training, the loss and the norm are read before and after the update.
                _ = try sum?.item()
                _ = try optimizer.step(rate: 1e-4).item()
                for entry in network.store.parameters { try entry.tensor.setGrad(nil) }
                try average.update(step: step, of: 1_000_000)
            }
            try options.print(
                BenchReport(
                    "training step of \(model)", on: device, precision: options.precision,
                    images: options.group * groups, seconds: seconds))
        }
    }

    /// `understudy bench teacher`.
    struct TeacherForward: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "teacher",
            abstract: "A teacher's forward pass, from mixed images to probabilities.",
            discussion: """
                Example:
                  understudy bench teacher --device cuda:0 --precision bf16
                """)

        @OptionGroup var options: BenchOptions

        @Option(name: .long, help: "The network's name.")
        var model = "beit_base_patch16_224"

        func run() throws {
            let device = try options.checkedDevice()
            let published = try BenchCommand.published(model)
            let images = try MadeBatch(
                images: options.group, size: published.preprocessing.size, classes: 2
            ).on(device).images
            let network = try published.architecture.makeNetwork(
                classes: 1000, device: device, seed: 1)
            let seconds = try options.time(on: device) {
                try withoutGrad { () throws(TorchError) in
                    let logits = try withAutocast(options.precision.autocast, on: device) {
                        () throws(TorchError) in
                        try network.logits(images, mode: .evaluation)
                    }
                    _ = try logits.to(.float32).softmax(dimension: -1)
                }
            }
            try options.print(
                BenchReport(
                    "forward pass of \(model)", on: device, precision: options.precision,
                    images: options.group, seconds: seconds))
        }
    }

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
            try MadeData.writeImages(count: count, to: out)
            try StandardStreams.print("\(count.grouped) images in \(out)")
        }
    }

    /// A published network by its name.
    static func published(_ name: String) throws -> PublishedNetwork {
        guard let network = PublishedNetwork.named(name) else {
            throw ValidationError(
                "no model '\(name)'; known: \(PublishedNetwork.names.joined(separator: ", "))")
        }
        return network
    }
}
