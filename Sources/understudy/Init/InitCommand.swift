import ArgumentParser
import Base
import Foundation
import Loading
import Recipes
import Torch

/// `understudy init`.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Looks at a folder of images and writes a recipe for them.",
        discussion: """
            Every image is looked at, and what is found is printed: classes, sizes, files that \
            cannot be read. The recipe is short, has a comment on each value that such data need, \
            and runs as it stands.

            Where there is no --val folder, a share of the images is kept for validation: a hash of \
            each file's path decides, so the choice is the same each time. Nothing is copied: the \
            two parts are lists of files, in a folder beside the recipe. Files that cannot be read \
            are left out of such lists.

            Examples:
              understudy init --data photos --out photos.yaml
              understudy init --data photos/train --val photos/val \\
                --teacher teachers/beit_base_patch16_224.yaml
              understudy init --data photos --for-teacher --out teacher.yaml
              understudy init --data photos --teacher runs/teacher/card.yaml
            """)

    @Option(name: .long, help: "The images: a folder of class folders, a list, or shards.")
    var data: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The validation images, likewise, or the share of --data that is kept for validation.",
            valueName: "folder|share"))
    var val = ValidationImages.share(0.1)

    @Option(name: .long, help: "The card of the teacher to learn from; by default labels alone.")
    var teacher: String?

    @Flag(
        name: .long,
        help: "Write the recipe of a teacher of one's own: mild views, nothing mixed."
    )
    var forTeacher = false

    @Option(name: .long, help: "Where to write the recipe; nothing must be there yet.")
    var out = "recipe.yaml"

    @Option(
        name: .long,
        help: ArgumentHelp(
            "About how many steps to train for. (default: \(InitCommand.stepsOfGPU), without a GPU "
                + "\(InitCommand.stepsOfCPU))"))
    var steps: Int?

    @Option(name: .long, help: "Threads that read images; by default one for each core.")
    var workers = Cores.usable.count

    @Flag(name: .long, help: "Print what was found and written as JSON.")
    var json = false

    private static let stepsOfGPU = 6000
    /// What a CPU trains in hours rather than days.
    private static let stepsOfCPU = 1000

    func validate() throws {
        guard !forTeacher || teacher == nil else {
            throw ValidationError(
                "--for-teacher writes a recipe of labels alone: leave --teacher out")
        }
        guard LoadingArguments.threadCounts.contains(workers) else {
            throw ValidationError(
                "--workers must be between 1 and \(LoadingArguments.threadCounts.upperBound)")
        }
        if case .share(let share) = val, !(share > 0 && share <= 0.5) {
            throw ValidationError(
                "--val: a share is above 0 and at most 0.5, not \(share); write ./\(share) for a "
                    + "folder of that name")
        }
        guard steps.map(Limits.steps.contains) ?? true else {
            throw ValidationError("--steps must be between 1 and \(Limits.steps.upperBound)")
        }
    }

    func run() throws {
        Interruption.install()
        let files = try NewRecipeFiles(out)
        let bar = ProgressBar()
        let card = try teacher.map { try TeacherCard(contentsOf: $0) }
        let train = try LookedAtImages(data, workers: workers, bar)
        guard train.dataset.classes.count > 1 else {
            throw CommandError(
                "\(data): its images are of one class, \(train.dataset.classes.listed), and there is "
                    + "nothing to tell apart; name the folder of several class folders")
        }
        if let card, card.classes != train.dataset.classes.count {
            throw CommandError(
                "\(teacher ?? ""): tells \(card.classes) classes apart, the images of \(data) are of "
                    + "\(train.dataset.classes.count); choose a teacher of the same classes")
        }
        var faults = train.survey.faults
        let parts = try parts(of: train, files, bar, &faults)
        let hasGPU = ((try? Device.cudaCount()) ?? 0) > 0
        let starter = StarterRecipe(
            path: out, title: data.printable, parts: parts, classes: train.dataset.classes.count,
            shortSides: train.survey.shortSides,
            unreadable: train.dataset.isOfFiles ? 0 : train.survey.faults.count,
            role: forTeacher ? .teacher : .student(teacher: teacher.map(files.pathFromRecipe)),
            steps: steps ?? (hasGPU ? Self.stepsOfGPU : Self.stepsOfCPU), hasGPU: hasGPU)
        let text = try starter.text()
        let report = try InitReport(
            starter, train: train, faults: faults,
            lists: parts.lists.isEmpty ? nil : files.listFolder)
        try files.write(recipe: text, lists: parts.lists)
        try StandardStreams.print(json ? try report.json() : report.text)
    }

    /// The parts to train and to validate on, as lists where folders do not do.
    private func parts(
        of train: LookedAtImages, _ files: NewRecipeFiles, _ bar: ProgressBar,
        _ faults: inout [String]
    ) throws -> StarterParts {
        switch val {
        case .share(let share):
            guard train.dataset.isOfFiles else {
                throw CommandError(
                    "\(data): shards cannot be parted; name validation images with --val")
            }
            let (kept, held) = train.dataset.parted(train.survey.readable, share: share)
            guard !held.isEmpty else {
                throw CommandError(
                    "\(data): no class has two images that can be read, so none are left to "
                        + "validate on; add images, or name some with --val")
            }
            return try StarterParts(
                train: .list(train.dataset, kept), val: .list(train.dataset, held), files)
        case .images(let path):
            let val = try LookedAtImages(path, workers: workers, bar)
            guard val.dataset.classes == train.dataset.classes else {
                throw CommandError(
                    "\(path) and \(data) have different classes (\(val.dataset.classes.listed); "
                        + "\(train.dataset.classes.listed)); labels would not mean the same")
            }
            // Whoever validates needs every image; a training may do without some.
            guard val.survey.faults.isEmpty || val.dataset.isOfFiles else {
                throw CommandError("\(val.survey.faults[0]); every validation image counts")
            }
            faults += val.survey.faults
            func part(_ images: LookedAtImages) -> StarterParts.Part {
                images.survey.faults.isEmpty || !images.dataset.isOfFiles
                    ? .whole(images.dataset) : .list(images.dataset, images.survey.readable)
            }
            return try StarterParts(train: part(train), val: part(val), files)
        }
    }
}

/// Where validation images come from.
enum ValidationImages: ExpressibleByArgument, CustomStringConvertible {
    /// A share of the others.
    case share(Double)
    /// A data set of their own.
    case images(String)

    init?(argument: String) {
        self = Double(argument).map { .share($0) } ?? .images(argument)
    }

    var description: String {
        switch self {
        case .share(let share): "\(share)"
        case .images(let path): path
        }
    }

    var defaultValueDescription: String { description }
}

/// A data set of which every image was looked at.
struct LookedAtImages {
    let dataset: ImageDataset
    let survey: ImageSurvey

    init(_ path: String, workers: Int, _ bar: ProgressBar) throws {
        dataset = try ImageDataset(path)
        for notice in dataset.notices { bar.line(notice) }
        bar.begin("look", total: dataset.samples.count, unit: "images")
        survey = try dataset.survey(workers: workers) { bar.advance(to: $0, note: "") }
        bar.end()
        guard !survey.readable.isEmpty else {
            throw CommandError("\(path): no image can be read: \(survey.faults.first ?? "")")
        }
    }
}
