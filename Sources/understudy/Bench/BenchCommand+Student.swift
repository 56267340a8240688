import ArgumentParser
import Distillation
import Learning
import Models
import Torch

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
            let batch = try SyntheticBatch(images: options.group, size: size, classes: 1000)
                .on(device)
            let network = try make()
            let optimizer = try Optimizer(
                .init(LAMB(), weightDecay: 0.02, maxGradNorm: 1),
                of: OptimizedParameters(of: network))
            let average = try ExponentialMovingAverage(
                of: network, into: make(), settings: .init(decay: 0.9999, beta: 15))
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
}
