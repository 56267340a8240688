import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Models
import Recipes
import Torch

/// `understudy eval`.
struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measures a network on labelled images.",
        discussion: """
            Top-1 and top-5 accuracy, the mean cross-entropy in nats, the expected calibration \
            error (Guo et al. 2017, 15 bins), the accuracy of each class and the classes that are \
            taken for another. --json prints all of it, --confusion writes the whole matrix: a \
            row for each class, a column for each answer.

            A run is measured on its own validation images unless --data names others.

            --int8 measures the network in integers of 8 bits, too, as export --int8 writes it: \
            what that costs in top-1, and which layers suffer most. Training images decide how \
            the integers are spread.

            Example:
              understudy eval --run runs/kd
              understudy eval --weights student.safetensors --data data/imagenet/val --json
              understudy eval --run runs/kd --int8
            """)

    @OptionGroup var classifier: ClassifierOptions
    @OptionGroup var device: DeviceOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The images: a folder of class folders, a list, or tar shards. With --run, its "
                + "recipe's validation images by default."))
    var data: String?

    @Option(name: .long, help: "Images at a time.")
    var batch = 64

    @Option(name: .long, help: "fp32 or bf16.")
    var precision = Recipe.Precision.fp32

    @Option(name: .long, help: "Write the confusion matrix to this CSV file.")
    var confusion: String?

    @OptionGroup var int8: Int8Options

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard data != nil || classifier.runFolder != nil else {
            throw ValidationError("name the images: --data DATA")
        }
        try int8.check(run: classifier.runFolder)
        guard !int8.isWanted || precision == .fp32 else {
            throw ValidationError("--int8 is measured beside fp32; leave out --precision")
        }
        try Limits.check(batch: batch)
    }

    func run() throws {
        let device = try device.checkedDevice()
        let matrix = try confusion.map { try OutputFile($0, "--confusion", .confusion) }
        let classifier = try classifier.load(on: device)
        let dataset = try ImageDataset(place())
        try check(dataset, for: classifier)
        // What cannot be quantized is said before the images are seen.
        let quantized = int8.isWanted ? try quantized(classifier, on: device) : nil
        let evaluator = try Evaluator(
            EvaluationLoader(
                dataset, transform: classifier.preprocessing.transform, batch: batch,
                options: self.device.loading),
            mean: classifier.preprocessing.mean, std: classifier.preprocessing.std,
            device: device, precision: precision)
        let progress = ProgressBar()
        for notice in dataset.notices { progress.line(notice) }
        progress.begin("eval", total: dataset.samples.count, unit: "images")
        let evaluation = try evaluator.evaluation(of: classifier.network) {
            progress.advance(to: $0, note: "")
        }
        progress.end()
        let integers = try integers(quantized, evaluator, evaluation.accuracy, progress)
        let report = EvaluationReport(
            evaluation, of: classifier, on: dataset.path,
            names: classifier.names ?? dataset.classes, int8: integers)
        if let matrix { try report.writeConfusion(to: matrix.path) }
        try StandardStreams.print(json ? report.json() : report.text)
    }

    /// The network in 8 bits.
    private func quantized(
        _ classifier: Classifier, on device: Device
    ) throws -> QuantizedNetwork {
        guard let network = classifier.network as? any ImageClassifier else {
            throw CommandError(
                "\(classifier.model.printable): --int8 is for networks of the families that are "
                    + "known here, not for exported modules, ensembles and class maps")
        }
        return try int8.quantized(
            network, classifier.preprocessing, ofRun: self.classifier.runFolder, on: device)
    }

    /// What 8 bits cost, if it was asked.
    private func integers(
        _ network: QuantizedNetwork?, _ evaluator: Evaluator, _ exact: Accuracy,
        _ progress: ProgressBar
    ) throws -> Int8Report? {
        guard let network else { return nil }
        progress.begin("int8", total: exact.images, unit: "images")
        let accuracy = try evaluator.accuracy(of: network.graph) {
            progress.advance(to: $0, note: "")
        }
        progress.begin("layers", total: network.passes, unit: "layers")
        let layers = try network.sensitivities { progress.advance(to: $0, note: "") }
        progress.end()
        return Int8Report(
            exact: exact.top1, top1: accuracy.top1, views: network.views, layers: layers)
    }

    /// Where the images are.
    private func place() throws -> String {
        if let data { return data }
        guard let run = classifier.runFolder else { throw CleanExit.helpRequest() }
        return try Run(path: run).recipe().data.val
    }

    /// Refuses images of other classes, or of the same in another order: every label would be wrong.
    private func check(_ dataset: ImageDataset, for classifier: Classifier) throws {
        let place = dataset.path
        guard dataset.classes.count == classifier.network.classes else {
            throw CommandError(
                "\(place.printable): the network has \(classifier.network.classes) classes, the "
                    + "data \(dataset.classes.count); choose the network's own data")
        }
        guard let names = classifier.names,
            let label = names.indices.first(where: { names[$0] != dataset.classes[$0] })
        else { return }
        let (ours, theirs) = (names[label].quoted, dataset.classes[label].quoted)
        guard Set(names) != Set(dataset.classes) else {
            throw CommandError(
                "\(place): its classes are the network's in another order: class \(label) is "
                    + "\(theirs) there and \(ours) for the network; list them in \(place)/"
                    + "classes.txt in the network's order")
        }
        StandardStreams.report(
            ("\(place): names its classes otherwise than the network does (class \(label): "
                + "\(theirs) there, \(ours) for the network); they are taken by their numbers")
                .printable + "\n")
    }
}
