import ArgumentParser
import Base
import Distillation
import Foundation

/// `understudy train`.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains a network by a recipe, from cached responses or from labels alone.",
        discussion: """
            Leaves in --out: recipe.yaml (resolved), metrics.jsonl, events for TensorBoard, \
            checkpoints/, result.json and the weights: average.safetensors (the mean of the best snapshots), best.safetensors \
            (the best EMA snapshot) and raw.safetensors (the best of the trained network). The \
            best of the three is the result, the average if none is better. Ctrl-C saves and ends, as do a \
            closed terminal, the signals TERM, USR1 and USR2 of batch systems and a limit of \
            processor time; --resume goes on, also after a kill, with the same data wherever it \
            lies by then.

            --out is a new or an empty folder, or a run to go on with. Every file of a run \
            carries checksums. Where the last checkpoint is damaged the one before it is taken.

            A cache need not be whole: with --build-cache the training has the teacher compute \
            what is missing and publishes it; with --wait it follows a build that is running. It \
            comes to the same weights as from a whole cache.

            A recipe of several teachers takes --cache once for each, in any order: a cache's \
            fingerprint tells whose it is. One that --build-cache is to make goes to the first \
            teacher, in the recipe's order, that has none. The target is the weighted mean of \
            their probabilities.

            Example:
              understudy train --recipe recipes/imagenet-resnet50-kd.yaml \\
                --cache responses --out runs/kd --device cuda:0
            """)

    @OptionGroup var recipe: RecipeOptions
    @OptionGroup var device: DeviceOptions

    @Option(
        name: .customLong("cache"), parsing: .singleValue,
        help: ArgumentHelp(
            "The response cache; needed where the recipe learns from a teacher. Once for each of "
                + "several teachers, in any order.", valueName: "cache"))
    var caches: [String] = []

    @Flag(
        name: .long,
        help: "Compute and publish the responses that the cache lacks; needs the teacher's weights."
    )
    var buildCache = false

    @Flag(name: .long, help: "Wait for the responses that another process is still building.")
    var wait = false

    @Option(name: .long, help: "The run's folder.")
    var out: String

    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Weights to start from: safetensors, a .pth, or a Hugging Face directory.",
            valueName: "weights"))
    var initial: String?

    @OptionGroup var initialOptions: WeightsOptions

    @Option(name: .long, help: "Stop after this many optimizer steps in all, with a checkpoint.")
    var maxSteps: Int?

    @Option(name: .long, help: "Write one line of JSON for each step to this file.")
    var trace: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Write events for TensorBoard in --out; --resume goes on by what is said then.")
    var tensorboard = true

    @Flag(name: .long, help: "Go on with the training that --out holds, if it holds one.")
    var resume = false

    @Flag(name: .long, help: "Print JSON: the result, or where the training stopped.")
    var json = false

    func validate() throws {
        if let maxSteps, maxSteps < 1 { throw ValidationError("--max-steps must be at least 1") }
        if initial == nil { try initialOptions.refuse(without: "--init") }
        if buildCache && wait {
            throw ValidationError("choose --build-cache or --wait")
        }
    }

    func run() throws {
        Interruption.install()
        var options = TrainingOptions(out: out)
        options.caches = caches
        options.missing = buildCache ? .compute : wait ? .wait : .refuse
        options.initial = initial
        options.initialLayout = initialOptions.layout
        options.initialEntry = initialOptions.entry
        options.maxSteps = maxSteps
        options.trace = trace
        options.writesTensorBoard = tensorboard
        options.resume = resume
        options.device = try device.checkedDevice()
        options.loading = device.loading
        var trainer: Trainer?
        do {
            let recipe = try recipe.read(listingFor: &options.loading)
            let made = try Trainer(
                recipe: recipe, options: options, progress: ProgressBar())
            trainer = made
            ProgressBar().line(device.threadsText)
            if let result = try made.run() {
                try report(result)
            } else {
                try report(made.position)
            }
        } catch let error as Interrupted {
            if json {
                let reason = Self.name(ofSignal: Interruption.signal)
                do {
                    try StandardStreams.print(Stopped(reason, trainer?.position).json())
                } catch  where StandardStreams.isUnread(error) {
                    // Ctrl-C in a pipeline ends the reader, too.
                }
            }
            guard trainer != nil else { throw error }
            throw Interrupted(
                description: "\(error); the same command with --resume goes on from there")
        }
    }

    private func report(_ result: TrainingResult) throws {
        if json {
            try StandardStreams.print(result.json())
        } else {
            try StandardStreams.print(result.text.printableLines)
        }
    }

    private func report(_ position: TrainingPosition) throws {
        if json {
            try StandardStreams.print(Stopped("max_steps", position).json())
        } else {
            try StandardStreams.print(
                "stopped after \(position.steps) steps as asked; the checkpoint is in \(out)")
        }
    }

    /// What is printed of a training that has not come to its end.
    private struct Stopped: Encodable {
        /// `max_steps`, or the signal's name.
        let stopped: String
        let epoch: Int?
        let epochs: Int?
        let step: Int?
        let steps: Int?
        let checkpoint: String?

        init(_ reason: String, _ position: TrainingPosition?) {
            stopped = reason
            epoch = position?.epoch
            epochs = position?.epochs
            step = position?.step
            steps = position?.steps
            checkpoint = position?.checkpoint
        }
    }

    private static func name(ofSignal number: Int32?) -> String {
        switch number {
        case SIGINT: "SIGINT"
        case SIGTERM: "SIGTERM"
        case SIGHUP: "SIGHUP"
        case SIGUSR1: "SIGUSR1"
        case SIGUSR2: "SIGUSR2"
        case SIGXCPU: "SIGXCPU"
        default: "signal \(number ?? 0)"
        }
    }
}

extension TrainingResult {
    /// What a training came to: its figures, how often each teacher agrees with the labels and, at last,
    /// which weights the figures are of.
    var text: String {
        func percent(_ top1: Double) -> String { String(format: "%.2f %%", top1) }
        let others = candidates.filter { $0.weights != weights }.map {
            "\($0.weights.rawValue) \(percent($0.top1))"
        }
        // One of all images says nothing, as of few classes it always does.
        let topFive = top5 < 100 ? ", top-5 \(percent(top5))" : ""
        let labels = (teachers ?? []).compactMap {
            $0.agreementText(isAlone: teachers?.count == 1)
        }
        return
            "\(name): top-1 \(percent(top1))\(topFive) on \(images.grouped) images, "
            + String(format: "%.0f s\n", seconds) + labels.map { "\($0)\n" }.joined()
            + "result: \(weights.rawValue) \(percent(top1))"
            + (others.isEmpty ? "" : " (\(others.joined(separator: ", ")))") + ": \(reason)"
    }
}
