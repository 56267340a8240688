import ArgumentParser
import Models
import Torch

extension BenchCommand {
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
            let images = try SyntheticBatch(
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
}
