import ArgumentParser
import Base
import Distillation
import Foundation
import Learning
import Recipes
import ResponseCache
import StrictYAML
import Views

/// `understudy plan`.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Prints what a recipe comes to: steps, learning rates, bytes and hours.",
        discussion: """
            Needs no data and no weights.

            Example:
              understudy plan --recipe recipes/imagenet-resnet50-kd.yaml --images 1281167
            """)

    @OptionGroup var recipe: RecipeOptions

    @Option(name: .long, help: "Training images.")
    var images: Int

    @Option(name: .long, help: "The student's images for each second, to estimate hours.")
    var studentSpeed: Double?

    @Option(
        name: .long,
        help: "The teacher's images for each second (each teacher's), to estimate hours.")
    var teacherSpeed: Double?

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard Limits.images.contains(images) else {
            throw ValidationError(
                "--images must be between 1 and \(Limits.images.upperBound)")
        }
        for speed in [studentSpeed, teacherSpeed].compactMap({ $0 })
        where !(0.001...1e9).contains(speed) {
            throw ValidationError("a speed must be between 0.001 and 1000000000 images a second")
        }
    }

    func run() throws {
        let plan = try Plan(
            recipe: recipe.read(images: images), images: images, studentSpeed: studentSpeed,
            teacherSpeed: teacherSpeed)
        try StandardStreams.print(json ? try plan.json() : plan.text)
    }
}

/// The figures of `understudy plan`.
struct Plan: Encodable {
    struct Rate: Encodable {
        let epoch: Int
        let first: Double
        let last: Double
        let phase: String
    }

    struct Cache: Encodable {
        /// One for each teacher; responses, bytes and parts are of all together.
        let caches: Int
        let epochs: Int
        let responses: Int
        let encoding: String
        /// `nil` where they depend on the response.
        let bytesPerResponse: Int?
        let bytes: Int?
        let parts: Int

        init(_ cache: Recipe.Cache, of recipe: Recipe, plan: ViewPlan) throws {
            caches = recipe.teachers.count
            epochs = cache.epochs
            encoding = "\(cache.rowEncoding)"
            bytesPerResponse = cache.rowEncoding.bytesPerRow(classes: recipe.data.classes)
            let groups = cache.groupsPerPart
            let partsPerEpoch = (plan.groupsPerEpoch + groups - 1) / groups
            guard let responses = Int.product(caches, epochs, plan.slotsPerEpoch),
                let parts = Int.product(caches, epochs, partsPerEpoch),
                let bytes = Int.product(responses, bytesPerResponse ?? 0)
            else {
                throw CommandError(
                    "\(caches) caches of \(epochs) epochs of \(plan.slotsPerEpoch) responses are "
                        + "more than any disk holds; lower cache.epochs")
            }
            self.responses = responses
            self.parts = parts
            self.bytes = bytesPerResponse.map { _ in bytes }
        }

        var size: String {
            guard let bytesPerResponse, let bytes else {
                return "as many bytes as each response needs: see understudy cache bench"
            }
            return "\(bytesPerResponse.grouped) B each: \(bytes.grouped) B (\(bytes.byteText))"
        }

        enum CodingKeys: String, CodingKey {
            case caches, epochs, responses, encoding, bytes, parts
            case bytesPerResponse = "bytes_per_response"
        }
    }

    let recipe: String
    let images: Int
    let viewsPerEpoch: Int
    let imagesPerEpoch: Int
    let stepsPerEpoch: Int
    let epochs: Int
    let steps: Int
    let groupsPerStep: Int
    let groupSize: Int
    let learningRates: [Rate]
    /// How many steps the moving average looks back at the end; `nil` without one.
    let emaWindow: Double?
    /// What the recipe should be looked at for.
    let warnings: [String]
    let cache: Cache?
    let studentHours: Double?
    let teacherHours: Double?

    /// - Parameters:
    ///   - images: training images.
    ///   - studentSpeed: images for each second, as `teacherSpeed`, each teacher's.
    /// - Throws: `YAMLError` for too few images, `CommandError` for a cache beyond all disks.
    init(recipe: Recipe, images: Int, studentSpeed: Double?, teacherSpeed: Double?) throws {
        let plan = try ViewPlan(recipe: recipe, imageCount: images)
        let schedule = recipe.learningRateSchedule(stepsPerEpoch: plan.stepsPerEpoch)
        self.recipe = recipe.name
        self.images = images
        viewsPerEpoch = plan.slotsPerEpoch
        imagesPerEpoch = (plan.slotsPerEpoch + recipe.batch.repeats - 1) / recipe.batch.repeats
        stepsPerEpoch = plan.stepsPerEpoch
        epochs = recipe.schedule.epochs
        steps = plan.stepsPerEpoch * epochs
        groupsPerStep = recipe.batch.groups
        groupSize = recipe.batch.group
        learningRates = Self.landmarks(of: recipe.schedule).map { epoch, phase in
            Rate(
                epoch: epoch, first: schedule.rate(epoch: epoch, step: 0),
                last: schedule.rate(epoch: epoch, step: plan.stepsPerEpoch - 1), phase: phase)
        }
        let window = EMAWindow(recipe: recipe, runSteps: steps)
        emaWindow = window?.steps
        warnings = [window?.warning].compactMap { $0 }
        cache = try recipe.cache.map { try Cache($0, of: recipe, plan: plan) }
        let views = Double(plan.slotsPerEpoch)
        studentHours = studentSpeed.map {
            views * Double(recipe.schedule.epochs) / $0 / 3600
        }
        teacherHours = teacherSpeed.flatMap { speed in
            recipe.cache.map {
                Double(recipe.teachers.count) * views * Double($0.epochs) / speed / 3600
            }
        }
    }

    /// The epochs at which a schedule changes its course.
    private static func landmarks(
        of schedule: LearningRateSchedule.Settings
    ) -> [(Int, String)] {
        let end = schedule.epochs - schedule.cooldown
        var marks: [(Int, String)] = []
        if schedule.warmup > 0 {
            marks.append((0, "warm-up begins"))
            marks.append((schedule.warmup - 1, "warm-up's last epoch"))
        }
        marks.append((schedule.warmup, "cosine begins"))
        marks.append(((schedule.warmup + end) / 2, "cosine's middle"))
        marks.append((end - 1, "cosine's last epoch"))
        if schedule.cooldown > 0 {
            marks.append((end, "cooldown begins"))
            marks.append((schedule.epochs - 1, "last epoch"))
        }
        var seen: Set<Int> = []
        return marks.filter { (0..<schedule.epochs).contains($0.0) && seen.insert($0.0).inserted }
    }

    var text: String {
        var lines = [
            "recipe           \(recipe)",
            "images           \(images.grouped)",
            "views per epoch  \(viewsPerEpoch.grouped) of \(imagesPerEpoch.grouped) images",
            "steps per epoch  \(stepsPerEpoch.grouped), each of \(groupsPerStep) groups of \(groupSize)",
            "epochs           \(epochs.grouped)",
            "steps            \(steps.grouped)",
            "",
            "learning rate    first step      last step",
        ]
        for rate in learningRates {
            lines.append(
                String(
                    format: "  epoch %-8ld %-15.9g %-15.9g %@", rate.epoch, rate.first, rate.last,
                    rate.phase))
        }
        if let cache {
            lines += [
                "",
                (cache.caches == 1 ? "cache            " : "\(cache.caches) caches         ")
                    + "\(cache.responses.grouped) responses of \(cache.epochs.grouped) "
                    + "epochs in \(cache.parts.grouped) parts",
                "                 \(cache.encoding), \(cache.size)",
            ]
        }
        if let teacherHours {
            lines.append(String(format: "teacher          %.1f h", teacherHours))
        }
        if let studentHours {
            lines.append(String(format: "student          %.1f h", studentHours))
        }
        if !warnings.isEmpty { lines += [""] + warnings.map { "warning: \($0)" } }
        return lines.joined(separator: "\n")
    }

    enum CodingKeys: String, CodingKey {
        case recipe, images, epochs, steps, cache, warnings
        case emaWindow = "ema_window"
        case viewsPerEpoch = "views_per_epoch"
        case imagesPerEpoch = "images_per_epoch"
        case stepsPerEpoch = "steps_per_epoch"
        case groupsPerStep = "groups_per_step"
        case groupSize = "group_size"
        case learningRates = "learning_rates"
        case studentHours = "student_hours"
        case teacherHours = "teacher_hours"
    }
}
