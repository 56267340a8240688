import ArgumentParser
import Base
import Distillation
import Foundation
import Imaging
import Loading
import Models
import Recipes
import Torch

/// `understudy compare`.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Holds a student against its teacher, image by image.",
        discussion: """
            Prints how often the two name the same class, the top-1 accuracy of both, and the mean \
            divergence of the student's probabilities from the teacher's. --sheet draws the images \
            on which they differ most. Each network is given the images as its own evaluation \
            wants them.

            Example:
              understudy compare --teacher teachers/beit_micro_patch4_32.yaml \\
                --run runs/kd --data data/val --sheet differences.png
            """)

    @Option(name: .long, help: "The teacher's card, or a Hugging Face directory.")
    var teacher: String

    @Option(
        name: .customLong("run"),
        help: "A student's run, finished or not; its result, or what there is of it.")
    var runFolder: String?

    @Option(name: .long, help: "A student's weights; needs --recipe.")
    var weights: String?

    @OptionGroup var reading: WeightsOptions

    @Option(name: .long, help: "The recipe that --weights were trained by.")
    var recipe: String?

    @Option(
        name: .long,
        help:
            "The images: a folder of class folders, a list, or tar shards; by default the recipe's."
    )
    var data: String?

    @Option(name: .long, help: "Images at a time.")
    var batch = 64

    @OptionGroup var device: DeviceOptions

    @Option(name: .long, help: "Write a sheet of the images on which they differ most, a PNG.")
    var sheet: String?

    @Option(name: .long, help: "Images that are listed and drawn, 1 to 200.")
    var most = 16

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (runFolder == nil) != (weights == nil) else {
            throw ValidationError("name a student: --run RUN, or --weights FILE --recipe FILE")
        }
        guard (weights == nil) == (recipe == nil) else {
            throw ValidationError("--weights and --recipe belong together")
        }
        if weights == nil { try reading.refuse(without: "--weights") }
        guard (1...200).contains(most) else {
            throw ValidationError("--most must be from 1 to 200")
        }
        try Limits.check(batch: batch)
    }

    func run() throws {
        Interruption.install()
        let sheet = try sheet.map { try OutputFile($0, "--sheet", .sheet) }
        let device = try device.checkedDevice()
        let (recipe, network, name) = try student(on: device)
        let card = try TeacherCard(contentsOf: teacher)
        let dataset = try ImageDataset(data ?? recipe.data.val)
        for (what, classes) in [
            ("the teacher", card.classes), ("the student", recipe.data.classes),
        ] where classes != dataset.classes.count {
            throw CommandError(
                "\(dataset.path): \(what) has \(classes) classes, the data "
                    + "\(dataset.classes.count); choose the networks' own data")
        }
        let comparison = try NetworkComparison(
            teacher: try answers(of: card, to: dataset, on: device),
            student: try NetworkAnswers(
                of: network,
                to: EvaluationLoader(
                    dataset, transform: recipe.validation.transform, batch: batch,
                    options: self.device.loading), mean: recipe.view.mean, std: recipe.view.std,
                device: device),
            images: dataset.samples.count, most: most, progress: ProgressBar())
        if let sheet {
            let picture = try comparison.sheet(dataset)
            try AtomicFile.write(Data(ContactSheet.png(picture)), to: sheet.path)
        }
        try report(comparison, dataset, student: name)
    }

    private func student(
        on device: Device
    ) throws -> (Recipe, any ImageClassifier, String) {
        if let runFolder {
            let run = Run(path: runFolder)
            let recipe = try run.recipe()
            let (network, name) = try run.network(recipe, on: device)
            return (recipe, network, "\(runFolder): \(name)")
        }
        guard let weights, let path = self.recipe else { throw CleanExit.helpRequest() }
        let recipe = try Recipe(contentsOf: path)
        let network = try recipe.makeNetwork(on: device)
        let file = try WeightsArchives.open(weights, entry: reading.entry)
        for note in try network.load(file, layout: reading.layout) {
            StandardStreams.report("\(note.printable)\n")
        }
        return (recipe, network, weights)
    }

    private func answers(
        of card: TeacherCard, to dataset: ImageDataset, on device: Device
    ) throws -> NetworkAnswers {
        let described = try card.requireNetwork()
        let network = try described.architecture.makeNetwork(
            classes: card.classes, device: device)
        for note in card.directory?.notices ?? [] {
            StandardStreams.report("\(card.name): \(note)\n".printableLines)
        }
        for note in try network.load(card.openWeights(), layout: card.weights.layout) {
            StandardStreams.report("\(note.printable)\n")
        }
        return try NetworkAnswers(
            of: network,
            to: EvaluationLoader(
                dataset, transform: described.preprocessing.transform, batch: batch,
                options: self.device.loading), mean: described.preprocessing.mean,
            std: described.preprocessing.std, device: device)
    }

    private func report(
        _ comparison: NetworkComparison, _ dataset: ImageDataset, student: String
    ) throws {
        if json {
            try StandardStreams.print(Output(comparison, dataset).json())
            return
        }
        try StandardStreams.print(
            String(
                format: """
                    images      %@
                    agreement   %.2f %%
                    teacher     top-1 %.2f %%
                    student     top-1 %.2f %%  (%@)
                    divergence  mean KL %.4f nats, at most %.4f
                    """, comparison.images.grouped, comparison.agreement, comparison.teacherTop1,
                comparison.studentTop1, student.printable, comparison.meanKL,
                comparison.differences.first?.divergence ?? 0))
        for difference in comparison.differences {
            func answer(_ answer: NetworkComparison.Answer) -> String {
                "\(dataset.classes[answer.label].clipped) "
                    + String(format: "%.2f", answer.probability)
            }
            try StandardStreams.print(
                (String(format: "  %.3f nats  ", difference.divergence)
                    + "teacher \(answer(difference.teacher)), student \(answer(difference.student))"
                    + ", label \(dataset.classes[difference.label].clipped)  "
                    + dataset.location(of: difference.image)).printable)
        }
    }

    private struct Output: Encodable {
        struct Image: Encodable {
            let image: String
            let kl: Double
            let label: String
            let teacher: String
            let teacherProbability: Double
            let student: String
            let studentProbability: Double

            enum CodingKeys: String, CodingKey {
                case image, kl, label, teacher, student
                case teacherProbability = "teacher_probability"
                case studentProbability = "student_probability"
            }
        }

        let images: Int
        let agreement: Double
        let teacherTop1: Double
        let studentTop1: Double
        let meanKL: Double
        let most: [Image]

        enum CodingKeys: String, CodingKey {
            case images, agreement, most
            case teacherTop1 = "teacher_top1"
            case studentTop1 = "student_top1"
            case meanKL = "mean_kl"
        }

        init(_ comparison: NetworkComparison, _ dataset: ImageDataset) {
            images = comparison.images
            agreement = comparison.agreement
            teacherTop1 = comparison.teacherTop1
            studentTop1 = comparison.studentTop1
            meanKL = comparison.meanKL
            most = comparison.differences.map { difference in
                Image(
                    image: dataset.location(of: difference.image), kl: difference.divergence,
                    label: dataset.classes[difference.label],
                    teacher: dataset.classes[difference.teacher.label],
                    teacherProbability: difference.teacher.probability,
                    student: dataset.classes[difference.student.label],
                    studentProbability: difference.student.probability)
            }
        }
    }
}
