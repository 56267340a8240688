import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import Recipes
import ResponseCache

extension CacheCommand {
    /// `understudy cache bench`.
    struct Bench: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measures what each encoding costs in bytes, accuracy and time.",
            discussion: """
                Runs the recipe's teacher over some of the views that it would cache, and stores \
                the responses in each encoding and as plain top-K (TinyViT's layout: a seed, and \
                int16 and float16 for each of K classes). Divergences are of what is decoded, in \
                float64. Nothing is kept.

                The table of look-alikes is learnt from the first of these views, as in a cache, \
                and its bytes are shared among the responses of the recipe's cache. With \
                --prior-recipe it is learnt from other images, so that nothing is measured on what \
                it was learnt from, and --cached says how many responses share it.

                --cache takes responses from a cache instead, best from a dense one; --family \
                makes them up: peaked, smoothed (a label-smoothed teacher) or flat.

                Example:
                  understudy cache bench --recipe recipes/imagenet-resnet50-kd.yaml \\
                    --views 8192
                  understudy cache bench --cache responses
                  understudy cache bench --family peaked --classes 1000
                """)

        @Option(name: .long, help: "The recipe whose teacher and views to measure.")
        var recipe: String?

        @Option(
            name: .customLong("set"), parsing: .singleValue,
            help: ArgumentHelp("Overrides one key of the recipe.", valueName: "key=value"))
        var overrides: [String] = []

        @Option(
            name: .long,
            help:
                "A recipe with other images, of whose responses to learn the table of look-alikes.")
        var priorRecipe: String?

        @Option(
            name: .long,
            help: "How many responses share that table; by default those of the recipe's cache.")
        var cached: Int?

        @Option(name: .long, help: "A cache whose responses to take.")
        var cache: String?

        @Option(name: .long, help: "Made-up responses: peaked, smoothed or flat.")
        var family: ResponseFamily?

        @Option(name: .long, help: "Classes of made-up responses.")
        var classes = 1000

        @Option(
            name: .long, help: "Responses to measure, besides those that a prior is learnt from.")
        var views = 8192

        @OptionGroup var teacher: TeacherOptions
        @OptionGroup var device: DeviceOptions

        @Flag(name: .long, help: "Print JSON.")
        var json = false

        func validate() throws {
            guard [recipe != nil, cache != nil, family != nil].filter({ $0 }).count == 1 else {
                throw ValidationError("name a --recipe, a --cache or a --family")
            }
            guard priorRecipe == nil || recipe != nil else {
                throw ValidationError("--prior-recipe needs a --recipe")
            }
            guard cached.map((1...Self.mostCached).contains) ?? true else {
                throw ValidationError("--cached must be 1 to \(Self.mostCached)")
            }
            guard (1...Self.mostViews).contains(views) else {
                throw ValidationError("--views must be 1 to \(Self.mostViews)")
            }
            guard (2...RowEncoding.maximumClasses).contains(classes) else {
                throw ValidationError("--classes must be 2 to \(RowEncoding.maximumClasses)")
            }
            guard family == nil || views * classes <= Self.mostNumbers else {
                throw ValidationError(
                    "\(views) views of \(classes) classes are \(views * classes) numbers, and "
                        + "--family makes up to \(Self.mostNumbers); lower --views")
            }
        }

        /// More than any epoch has groups for.
        private static let mostViews = 1_000_000_000
        private static let mostCached = 1_000_000_000_000
        /// Made-up numbers that are held in memory: 4 GiB of them.
        private static let mostNumbers = 1 << 30

        func run() throws {
            Interruption.install()
            let subject = try subject()
            let report = try EncodingReport(subject)
            try StandardStreams.print(json ? try report.json() : report.text)
        }

        private func subject() throws -> EncodingReport.Subject {
            if let family {
                // The share of a prior in a cache of the usual size: ImageNet's, for 100 epochs.
                let cached = cached ?? 100 * 1_281_167
                let learnt = classes <= ResponsePrior.maximumClasses ? 8 * classes : 0
                guard SystemMemory.canAllocate(4 * (views + learnt) * classes) else {
                    throw CommandError(
                        "no memory for \(views) responses of \(classes) classes; lower --views")
                }
                return EncodingReport.Subject(
                    name: "\(family.rawValue), made up", classes: classes,
                    calibration: family.responses(views..<views + learnt, classes: classes),
                    responses: family.responses(0..<views, classes: classes), cached: cached)
            }
            let sample =
                try cache.map { try ResponseSample(cache: $0, views: views) }
                ?? self.sample(of: recipe ?? "", views: views)
            let manifest = sample.manifest
            return EncodingReport.Subject(
                name: "\(manifest.teacher), \(cache ?? recipe ?? "")",
                classes: manifest.classes,
                calibration: try otherCalibration(manifest) ?? sample.calibration,
                responses: sample.responses,
                cached: cached ?? manifest.epochs * manifest.slotsPerEpoch)
        }

        /// Runs a recipe's teacher over some of its views.
        private func sample(of path: String, views: Int) throws -> ResponseSample {
            let recipe = try Recipe(
                contentsOf: path, overrides: overrides, data: .counted(ListedData()))
            return try ResponseSample(
                recipe: recipe, teacher: teacher.section(of: recipe), views: views,
                device: device.checkedDevice(), loading: device.loading, progress: ProgressBar())
        }

        /// The responses of another recipe that its cache would learn its table from.
        private func otherCalibration(_ measured: CacheManifest) throws -> [Float]? {
            guard let priorRecipe else { return nil }
            let other = try sample(of: priorRecipe, views: 1)
            guard other.manifest.classes == measured.classes,
                other.manifest.teacher == measured.teacher
            else {
                throw CommandError(
                    "\(priorRecipe): is of \(other.manifest.teacher), \(recipe ?? "") of "
                        + "\(measured.teacher); name recipes of one teacher")
            }
            guard !other.calibration.isEmpty else {
                throw CommandError(
                    "\(priorRecipe): its cache would learn no table: it is too small, or of another "
                        + "encoding than bounded; raise cache.epochs")
            }
            return other.calibration
        }
    }
}
