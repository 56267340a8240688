import ArgumentParser
import Base
import Distillation
import Foundation
import Learning
import Loading
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
            With --images it needs no data; without, the recipe's images are counted. --measure \
            measures on the spot what --measured reads from a file: speeds, and bytes of some \
            responses of the recipe's teacher. Then it says how long teacher and student take, \
            and from how many students or epochs on a cache is cheaper than the teacher in the \
            loop. A teacher of one's own is a training like another: plan its recipe for its.

            Example:
              understudy plan --recipe recipes/imagenet-resnet50-kd.yaml --images 1281167
              understudy plan --recipe recipes/patches-kd.yaml --measure
              understudy bench --recipe recipes/patches-kd.yaml --json > bench.json
              understudy plan --recipe recipes/patches-kd.yaml --measured bench.json
            """)

    @OptionGroup var recipe: RecipeOptions

    @Option(
        name: .long, help: "How many training images; by default the recipe's own.")
    var images: Int?

    @Flag(name: .long, help: "Measure this machine with the recipe's images and teacher.")
    var measure = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What `understudy bench --recipe R --json` printed.", valueName: "file"))
    var measured: String?

    @OptionGroup var measuring: MeasuringOptions
    @OptionGroup var device: DeviceOptions

    @Option(name: .long, help: "The student's images for each second, to estimate hours.")
    var studentSpeed: Double?

    @Option(
        name: .long,
        help: "The teacher's images for each second (each teacher's), to estimate hours.")
    var teacherSpeed: Double?

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard !measure || measured == nil else {
            throw ValidationError("--measure and --measured are two ways to the same figures")
        }
        let isMeasured = measure || measured != nil
        guard !isMeasured || (studentSpeed == nil && teacherSpeed == nil) else {
            throw ValidationError("a speed is measured, or given: leave one out")
        }
        guard images.map(Limits.images.contains) ?? true else {
            throw ValidationError(
                "--images must be between 1 and \(Limits.images.upperBound)")
        }
        for speed in [studentSpeed, teacherSpeed].compactMap({ $0 })
        where !(0.001...1e9).contains(speed) {
            throw ValidationError("a speed must be between 0.001 and 1000000000 images a second")
        }
    }

    func run() throws {
        let listed = ListedData(images: images)
        let recipe = try recipe.read(listed)
        let measurement = try measurement(of: recipe, listed)
        let figures =
            measurement.map(PlanFigures.init)
            ?? PlanFigures(
                studentSpeed: studentSpeed, teacherSpeed: teacherSpeed,
                teachers: recipe.teachers.count)
        let images = try images ?? measurement?.images ?? Self.count(recipe, listed)
        let plan = try Plan(recipe: recipe, images: images, figures: figures)
        try StandardStreams.print(json ? try plan.json() : plan.text)
    }

    private static func count(_ recipe: Recipe, _ listed: ListedData) throws -> Int {
        do {
            return try listed.images(of: recipe.data)
        } catch let error as DatasetError {
            throw CommandError("\(error); or say how many --images there are")
        }
    }

    /// What was measured, here or elsewhere; `nil` where nothing was.
    private func measurement(
        of recipe: Recipe, _ listed: ListedData
    ) throws -> RecipeMeasurement? {
        if measure {
            Interruption.install()
            return try measuring.measure(recipe, listed, on: device)
        }
        guard let measured else { return nil }
        let measurement = try RecipeMeasurement(contentsOf: measured)
        let names = try recipe.cachedTeachers.map { try TeacherCard(contentsOf: $0.card).name }
        let differences = RecipeMeasurement.Subject(recipe, teachers: names)
            .differences(from: measurement.subject)
        guard differences.isEmpty else {
            throw CommandError(
                "\(measured): was measured with another recipe ("
                    + differences.joined(separator: "; ") + "); measure this one")
        }
        return measurement
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
        /// The mean over teachers; `nil` where they depend on the response and none was measured.
        let bytesPerResponse: Double?
        /// How many responses that was measured on; `nil` where all take the same.
        let sampled: Int?
        let bytes: Int?
        let parts: Int

        init(
            _ cache: Recipe.Cache, of recipe: Recipe, plan: ViewPlan, sample: PlanFigures.Sample?
        ) throws {
            caches = recipe.teachers.count
            epochs = cache.epochs
            encoding = "\(cache.rowEncoding)"
            let fixed = cache.rowEncoding.bytesPerRow(classes: recipe.data.classes)
            bytesPerResponse = fixed.map(Double.init) ?? sample?.bytesPerResponse
            sampled = fixed == nil ? sample?.responses : nil
            let groups = cache.groupsPerPart
            let partsPerEpoch = (plan.groupsPerEpoch + groups - 1) / groups
            guard let responses = Int.product(caches, epochs, plan.slotsPerEpoch),
                let parts = Int.product(caches, epochs, partsPerEpoch),
                let bytes = Int(
                    exactly: (Double(responses) * (bytesPerResponse ?? 0)
                        + Double(parts) * (sample?.bytesPerPart ?? 0)).rounded())
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
                return "as many bytes as each response needs: --measure says how many"
            }
            guard let sampled else {
                return "\(Int(bytesPerResponse).grouped) B each: \(bytes.grouped) B "
                    + "(\(bytes.byteText))"
            }
            return String(format: "%.1f B each, as ", bytesPerResponse)
                + "\(sampled.grouped) of them took: \(bytes.byteText) with the files' frames"
        }

        enum CodingKeys: String, CodingKey {
            case caches, epochs, responses, encoding, bytes, parts, sampled
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
    /// `nil` without a cache, or where a speed is not known.
    let breakEven: BreakEven?
    /// `nil` where nothing was measured.
    let memory: RecipeMeasurement.Memory?

    /// - Parameters:
    ///   - images: training images.
    ///   - figures: what is known of the machine.
    /// - Throws: `YAMLError` for too few images, `CommandError` for a cache beyond all disks.
    init(recipe: Recipe, images: Int, figures: PlanFigures) throws {
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
        cache = try recipe.cache.map {
            try Cache($0, of: recipe, plan: plan, sample: figures.sample)
        }
        let views = Double(plan.slotsPerEpoch)
        let costs = figures.costs
        studentHours = figures.training.map {
            views * Double(recipe.schedule.epochs) * ($0 + (figures.reading ?? 0)) / 3600
        }
        teacherHours = recipe.cache.flatMap { cache in
            figures.caching.map { views * Double(cache.epochs) * $0 / 3600 }
        }
        breakEven = recipe.cache.flatMap { cache in
            costs.map {
                BreakEven(
                    views: plan.slotsPerEpoch, epochs: recipe.schedule.epochs,
                    cached: cache.epochs, $0)
            }
        }
        memory = figures.memory
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
            lines.append("teacher          \(teacherHours.hourText), once")
        }
        if let studentHours {
            lines.append("student          \(studentHours.hourText)")
        }
        if let memory, !memory.text.isEmpty {
            lines.append("memory           \(memory.text) at its peak, as measured")
        }
        if let breakEven { lines += [""] + breakEven.lines(teachers: cache?.caches ?? 1) }
        if !warnings.isEmpty { lines += [""] + warnings.map { "warning: \($0)" } }
        return lines.joined(separator: "\n")
    }

    enum CodingKeys: String, CodingKey {
        case recipe, images, epochs, steps, cache, memory, warnings
        case emaWindow = "ema_window"
        case viewsPerEpoch = "views_per_epoch"
        case imagesPerEpoch = "images_per_epoch"
        case stepsPerEpoch = "steps_per_epoch"
        case groupsPerStep = "groups_per_step"
        case groupSize = "group_size"
        case learningRates = "learning_rates"
        case studentHours = "student_hours"
        case teacherHours = "teacher_hours"
        case breakEven = "break_even"
    }
}
