import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Recipes
import Torch

/// `understudy eval`.
struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measures a network's accuracy on labelled images.",
        discussion: """
            Example:
              understudy eval --model resnet50 --weights runs/kd/average.safetensors \\
                --data data/imagenet/val --json
            """)

    @OptionGroup var classifier: ClassifierOptions
    @OptionGroup var device: DeviceOptions

    @Option(
        name: .long, help: "The images: a folder of class folders, a list, or tar shards.")
    var data: String

    @Option(name: .long, help: "Images at a time.")
    var batch = 64

    @Option(name: .long, help: "fp32 or bf16.")
    var precision = Recipe.Precision.fp32

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws { try Limits.check(batch: batch) }

    func run() throws {
        let device = try device.checkedDevice()
        let classifier = try classifier.load(on: device)
        let dataset = try ImageDataset(data)
        guard dataset.classes.count == classifier.network.classes else {
            throw CommandError(
                "\(data.printable): the network has \(classifier.network.classes) classes, the data "
                    + "\(dataset.classes.count); choose the network's own data")
        }
        let evaluator = try Evaluator(
            EvaluationLoader(
                dataset, transform: classifier.transform, batch: batch,
                options: self.device.loading),
            mean: classifier.mean, std: classifier.std, device: device, precision: precision)
        let progress = ProgressBar()
        for notice in dataset.notices { progress.line(notice) }
        progress.begin("eval", total: dataset.samples.count, unit: "images")
        let accuracy = try evaluator.accuracy(of: classifier.network) {
            progress.advance(to: $0, note: "")
        }
        progress.end()
        if json {
            try StandardStreams.print(
                Output(
                    top1: accuracy.top1, top5: accuracy.top5, images: accuracy.images
                ).json())
        } else {
            try StandardStreams.print(
                String(format: "top-1 %.3f %%  top-5 %.3f %%  ", accuracy.top1, accuracy.top5)
                    + "\(accuracy.images) images")
        }
    }

    private struct Output: Encodable {
        let top1: Double
        let top5: Double
        let images: Int
    }
}
