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
            Results come in the order of the images. What cannot be read, an image, a link that \
            leads nowhere or a folder without an image, gets a line on standard error, the others \
            go on, and the exit status is 1 at the end.

            --json prints a line of JSON for each image: path, and top with class, name and \
            probability, or error. --csv prints path,rank,class,name,probability. Class names \
            come from the weights, or from --classes.

            Example:
              understudy predict --run runs/kd cat.jpg photos 'more/*.png'
              find photos -name '*.jpg' | understudy predict --run runs/kd --csv -
            """)

    @OptionGroup var classifier: ClassifierOptions
    @OptionGroup var device: DeviceOptions

    @Option(name: .long, help: "Images at a time.")
    var batch = 64

    @Option(name: .long, help: "fp32 or bf16.")
    var precision = Recipe.Precision.fp32

    @Option(name: .long, help: "Classes printed for each image, most probable first.")
    var top = 5

    @Flag(name: .long, help: "Print every class's logit too.")
    var logits = false

    @Flag(name: .long, help: "Print comma-separated values.")
    var csv = false

    @Flag(name: .long, help: "Print JSON, a line for each image.")
    var json = false

    @Argument(
        help: ArgumentHelp(
            "Images, JPEG or PNG, folders whose images are meant, patterns, and - for a list of "
                + "paths on standard input, one a line."))
    var images: [String]

    func validate() throws {
        guard top >= 1 else { throw ValidationError("--top must be at least 1") }
        guard !(csv && json) else { throw ValidationError("choose --csv or --json") }
        guard !(csv && logits) else { throw ValidationError("--logits needs --json") }
        guard images.count(where: { $0 == "-" }) <= 1 else {
            throw ValidationError("- stands for standard input, which can be read once")
        }
        try Limits.check(batch: batch)
    }

    /// The longest list of paths on standard input, in bytes.
    private static let longestList = 1 << 30

    func run() throws {
        let device = try device.checkedDevice()
        let list =
            images.contains("-") ? try StandardStreams.readInput(limit: Self.longestList) : []
        let files = ImageFiles(images, rawArguments: Self.rawArguments, list: list)
        for note in files.notes { StandardStreams.report(note.printable + "\n") }
        let classifier = try classifier.load(on: device)
        let pass = try ForwardPass(
            mean: classifier.preprocessing.mean, std: classifier.preprocessing.std,
            device: device, precision: precision)
        let paths = files.paths
        let output = PredictionOutput(
            style: csv ? .csv : json ? .json : .text, title: classifier.title)
        // What is printed on a terminal shows how far it is.
        let progress: any ProgressReporter =
            isatty(STDOUT_FILENO) == 1 ? NoProgress() : ProgressBar()
        progress.begin("predict", total: paths.count, unit: "images")
        let batches = files.batches(
            of: batch, classifier.preprocessing.transform, options: self.device.loading)
        while let rendered = try batches.next() {
            let answers = try Answers(pass.logits(of: classifier.network, to: rendered.pixels))
            let predictions = rendered.files.enumerated().map { member, file in
                let path = paths[file]
                if let failure = rendered.failures[file] ?? answers.failure(of: member, path) {
                    return Prediction(path: path, error: failure)
                }
                return Prediction(
                    path: path,
                    top: answers.top(top, of: member).map {
                        .init(
                            class: $0.class, name: classifier.names?[$0.class],
                            probability: $0.probability)
                    }, logits: logits ? answers.logits(of: member) : nil)
            }
            try output.append(predictions)
            progress.advance(to: rendered.files.upperBound, note: "")
        }
        progress.end()
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

    func logits(of member: Int) -> [Float] {
        Array(values[member * classes..<(member + 1) * classes])
    }

    /// The most probable classes; of equal ones the first.
    func top(_ count: Int, of member: Int) -> [(class: Int, probability: Float)] {
        let row = Array(probabilities[member * classes..<(member + 1) * classes])
        let count = min(count, classes)
        var best: [Int] = []
        for label in row.indices {
            if best.count == count {
                // Nearly all classes end here, which is why they are not sorted.
                guard let last = best.last, row[label] > row[last] else { continue }
                best.removeLast()
            }
            let place = best.lastIndex { row[$0] >= row[label] }.map { $0 + 1 } ?? 0
            best.insert(label, at: place)
        }
        return best.map { ($0, row[$0]) }
    }
}
