import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Models
import Recipes
import Torch

/// `understudy predict`.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Prints the classes of images.",
        discussion: """
            Results come in the order of the images, each as soon as its batch is done. An image \
            that cannot be read gets an error in its place, as does a link that leads nowhere or a \
            folder that cannot be listed or holds no image, and the exit status is 1 at the end. \
            With --json it has the key error instead of top.

            Example:
              understudy predict --teacher teachers/beit_base_patch16_224.yaml --json \\
                cat.jpg photos
            """)

    @OptionGroup var classifier: ClassifierOptions
    @OptionGroup var device: DeviceOptions

    @Option(name: .long, help: "Images at a time.")
    var batch = 16

    @Option(name: .long, help: "Classes printed for each image, most probable first.")
    var top = 5

    @Flag(name: .long, help: "Print every class's logit too.")
    var logits = false

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    @Argument(help: "Images, JPEG or PNG, and folders whose images are meant.")
    var images: [String]

    func validate() throws {
        guard top >= 1 else { throw ValidationError("--top must be at least 1") }
        try Limits.check(batch: batch)
    }

    func run() throws {
        let device = try device.checkedDevice()
        let files = ImageFiles(images, rawArguments: Self.rawArguments)
        for note in files.notes { StandardStreams.report(note.printable + "\n") }
        let classifier = try classifier.load(on: device)
        let normalization = try Normalization(
            mean: classifier.mean, std: classifier.std, device: device)
        let paths = files.paths
        let output = PredictionOutput(count: paths.count, isJSON: json)
        for first in stride(from: 0, to: paths.count, by: batch) {
            let range = first..<min(first + batch, paths.count)
            let rendered = try files.render(
                range, classifier.transform, workers: self.device.loading.workers)
            let answer = try withoutGrad { () throws(TorchError) in
                try classifier.network.logits(
                    normalization(rendered.tensor().to(device)), mode: .evaluation
                ).to(.float32)
            }
            let failures = rendered.failures
            let values = try Answers(answer)
            for (member, path) in paths[range].enumerated() {
                if let failure = failures[member] ?? values.failure(of: member, path) {
                    try output.append(path: path, failure: failure)
                } else {
                    try output.append(
                        .init(
                            path: path, top: values.top(top, of: member),
                            logits: logits ? values.logits(of: member) : nil))
                }
            }
        }
        guard output.failures == 0 else {
            throw CommandError(
                "\(output.failures) of \(paths.count) images have no result, as said above")
        }
    }
}

extension PredictCommand {
    /// The program's arguments as the system passed them: names of files need not be UTF-8.
    private static var rawArguments: [[UInt8]] {
        (0..<Int(CommandLine.argc)).compactMap { index in
            CommandLine.unsafeArgv[index].map { argument in
                Array(UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
            }
        }
    }
}

/// A network's answers to a batch.
private struct Answers {
    private let values: [Float]
    private let probabilities: [Float]
    private let classes: Int
    private let bad: Set<Int>

    /// - Parameter logits: `[N, classes]`, float32.
    init(_ logits: Tensor) throws {
        classes = logits.shape[1]
        values = try logits.floats()
        probabilities = try logits.softmax(dimension: -1).floats()
        bad = try Set(logits.nonFiniteRows())
    }

    func failure(of member: Int, _ path: String) -> String? {
        guard bad.contains(member) else { return nil }
        return
            "\(path): the network's logits are NaN or infinite; these are not the right weights, "
            + "or the training diverged"
    }

    func logits(of member: Int) -> [Float] { Array(row(values, member)) }

    /// The most probable classes; of equal ones the first.
    func top(_ count: Int, of member: Int) -> [Prediction.Class] {
        let row = Array(row(probabilities, member))
        return row.indices.sorted { (row[$1], $0) < (row[$0], $1) }.prefix(count)
            .map { .init(class: $0, probability: row[$0]) }
    }

    private func row(_ values: [Float], _ member: Int) -> ArraySlice<Float> {
        values[member * classes..<(member + 1) * classes]
    }
}

/// What is printed of one image.
private struct Prediction: Encodable {
    struct Class: Encodable {
        let `class`: Int
        let probability: Float
    }

    let path: String
    var top: [Class]?
    var logits: [Float]?
    var error: String?
}

/// Prints results one by one; as JSON they are the items of one list.
private final class PredictionOutput {
    private let count: Int
    private let isJSON: Bool
    private var printed = 0
    private(set) var failures = 0

    init(count: Int, isJSON: Bool) {
        self.count = count
        self.isJSON = isJSON
    }

    func append(_ prediction: Prediction) throws {
        guard !isJSON else { return try appendJSON(prediction) }
        let classes = (prediction.top ?? []).map {
            "\($0.class): " + String(format: "%.4f", $0.probability)
        }
        try StandardStreams.print(
            "\(prediction.path.printable)  \(classes.joined(separator: "  "))")
        if let logits = prediction.logits { try StandardStreams.print("  logits \(logits)") }
    }

    /// - Parameter failure: one line that begins with the path.
    func append(path: String, failure: String) throws {
        failures += 1
        StandardStreams.report("Error: \(failure.printable)\n")
        if isJSON { try appendJSON(.init(path: path, error: failure.printable)) }
    }

    private func appendJSON(_ prediction: Prediction) throws {
        printed += 1
        let isFirst = printed == 1
        let isLast = printed == count
        try StandardStreams.print(
            (isFirst ? "{\"images\":[\n" : "") + (try prediction.json()) + (isLast ? "\n]}" : ","))
    }
}
