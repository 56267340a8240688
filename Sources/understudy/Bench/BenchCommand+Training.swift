import ArgumentParser
import Base
import Distillation
import Foundation
import Recipes
import Torch

extension BenchCommand {
    /// `understudy bench training`.
    struct Training: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A whole training, from JPEGs to updated weights.",
            discussion: """
                ResNet50 learns from BEiT-Base by the ImageNet recipe, on made-up images: from a \
                cache that is built first, or with --online from a teacher that computes (and \
                caches) each step's responses before the step. Steps are timed from the end of one \
                to the end of the next; the first do not count.

                Example:
                  understudy bench training --device cuda:0
                  understudy bench training --device cuda:0 --online
                """)

        @OptionGroup var options: BenchOptions

        @OptionGroup var loading: LoadingArguments

        @Flag(name: .long, help: "Run the teacher before each step, instead of before all.")
        var online = false

        @Option(name: .long, help: "The images, a folder of class folders; by default made.")
        var data: String?

        @Option(name: .long, help: "The teacher: beit_base_patch16_224, or beit_micro_patch4_32.")
        var teacher = "beit_base_patch16_224"

        @Option(name: .long, help: "The network that learns.")
        var model = "resnet50"

        @Option(name: .long, help: "Groups whose gradients make a step.")
        var groups = 1

        func validate() throws {
            guard (1...64).contains(groups) else {
                throw ValidationError("--groups must be between 1 and 64")
            }
            let images = (options.warmup + options.rounds) * options.group * groups
            guard images <= 10_000_000 else {
                throw ValidationError(
                    "these rounds take \(images.grouped) images; at most 10,000,000 are possible")
            }
        }

        func run() throws {
            Interruption.install()
            let device = try options.checkedDevice()
            try options.print(try SyntheticExperiment.with { try measure(on: device, with: $0) })
        }

        private func measure(on device: Device, with made: SyntheticExperiment) throws
            -> BenchReport
        {
            let images = data ?? "\(made.path)/images"
            let step = options.group * groups
            let steps = options.warmup + options.rounds
            if data == nil { try SyntheticImages.write(count: 512, to: images) }
            let architecture = try BenchCommand.published(teacher).architecture
            guard let size = architecture.imageSize else {
                throw ValidationError("--teacher must be a BEiT or a ViT")
            }
            _ = try made.writeTeacher(architecture, size: size, classes: SyntheticImages.classes)
            let recipe = try made.recipe(
                data: made.listImages(of: images, count: steps * step),
                settings: [
                    "model.name=\(model)", "batch.size=\(step)", "batch.group=\(options.group)",
                    "teacher.precision=\(options.precision.rawValue)",
                    "precision=\(options.precision.rawValue)", "cache.encoding=bounded",
                    "cache.max_kl=0.01", "cache.groups_per_part=\(groups)",
                    "view.size=\(size)", "validation.size=\(size)",
                    "validation.resize=\(size + 32)",
                ])
            var trainer = TrainingOptions(out: "\(made.path)/run")
            trainer.caches = ["\(made.path)/cache"]
            trainer.missing = online ? .compute : .refuse
            trainer.device = device
            trainer.loading = loading.options(pinned: device != .cpu)
            trainer.maxSteps = steps
            if !online {
                let build = try CacheBuild(
                    recipe: recipe, teacher: recipe.teacher(named: nil),
                    directory: "\(made.path)/cache", device: device, loading: trainer.loading)
                _ = try build.run(progress: NoProgress())
            }
            let clock = StepClock(imagesPerStep: step)
            _ = try Trainer(recipe: recipe, options: trainer, progress: clock).run()
            try device.synchronize()
            let seconds = Array(clock.seconds.suffix(options.rounds))
            return BenchReport(
                online ? "training beside its teacher" : "training from a cache", on: device,
                precision: options.precision, images: step, seconds: seconds)
        }
    }
}

extension SyntheticExperiment {
    /// Lists images so many times over that they make an epoch of `count` or, so that each class has
    /// one, of eight; returns the list's path. Classes take turns.
    ///
    /// - Throws: `CommandError` if a folder holds no class folders with JPEGs.
    fileprivate func listImages(of folder: String, count: Int) throws -> String {
        let root = URL(fileURLWithPath: folder).standardizedFileURL.path
        let files = ((try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? [])
            .filter { $0.hasSuffix(".jpg") && $0.split(separator: "/").count == 2 }
        let classes = Dictionary(grouping: files) { $0.split(separator: "/")[0] }
            .sorted { $0.key < $1.key }.map { $0.value.sorted() }
        guard classes.count == SyntheticImages.classes else {
            throw CommandError(
                "\(folder) holds \(classes.count) class folders with JPEGs and not \(SyntheticImages.classes); "
                    + "understudy bench images makes them")
        }
        let lines = (0..<max(count, SyntheticImages.classes)).map { index in
            let (turn, label) = index.quotientAndRemainder(dividingBy: SyntheticImages.classes)
            return "\(root)/\(classes[label][turn % classes[label].count])\t\(label)"
        }
        return try write("images.txt", lines.joined(separator: "\n") + "\n")
    }
}

/// Notes when each step of a training ends.
private final class StepClock: ProgressReporter {
    /// From the end of each step, or the training's begin, to the end of the next.
    private(set) var seconds: [Double] = []
    private let imagesPerStep: Int
    private var last = ContinuousClock.now
    private var done = 0

    init(imagesPerStep: Int) { self.imagesPerStep = imagesPerStep }

    func begin(_ label: String, total: Int, unit: String) { last = .now }

    func advance(to done: Int, note: String) {
        // Told more than once for a step where the teacher works before it.
        guard done >= self.done + imagesPerStep else { return }
        self.done = done
        let now = ContinuousClock.now
        seconds.append(last.duration(to: now) / .seconds(1))
        last = now
    }

    func end() {}
    func line(_ text: String) {}
}
