import ArgumentParser
import Base
import Distillation
import Foundation
import Loading
import ResponseCache
import Torch

/// `understudy report`.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Makes one page of one or several runs: curves, accuracies, differences.",
        discussion: """
            The page stands alone: one HTML file without scripts that asks for nothing. A run may \
            be under way, may have been killed, or may be of an earlier version; it is shown as \
            far as it goes. Runs whose recipes differ in their seed alone are taken together, and \
            recipes are compared over the seeds that both have, pair by pair.

            The networks are run once over their validation images, for accuracies by class and \
            the pairs of classes that are confused; --no-answers leaves that out. With --data \
            other images take their place, such as a test that chose nothing, and recipes are \
            compared on them as well.

            Example:
              understudy report runs/labels-1 runs/kd-1 --out report.html
            """)

    @Argument(help: "Folders of runs; the recipe of the first is what others are held against.")
    var runs: [String]

    @OptionGroup var device: DeviceOptions

    @Option(name: .long, help: "The page to write, an HTML file.")
    var out: String

    @Option(name: .long, help: "The page's title.")
    var title: String?

    @Option(
        name: .long,
        help: "Labelled images to run the networks over, in place of the validation images.")
    var data: String?

    @Option(
        name: .customLong("cache"), parsing: .singleValue,
        help: ArgumentHelp(
            "A response cache to describe, in place of those that the runs name.",
            valueName: "cache"))
    var caches: [String] = []

    @Flag(inversion: .prefixedNo, help: "Run the networks over their validation images.")
    var answers = true

    @Flag(name: .long, help: "Print JSON: the runs' accuracies and the differences.")
    var json = false

    func run() throws {
        Interruption.install()
        let out = try OutputFile(out, "--out", .report)
        let device = try device.checkedDevice()
        var read = try runs.map { try ReportedRun($0) }
        guard
            Set(runs.map { URL(fileURLWithPath: $0).standardizedFileURL.path }).count == runs.count
        else { throw CommandError("a run is named twice; name each once") }
        // A folder's name tells runs apart, where it does.
        if Set(read.map(\.label)).count < read.count {
            for index in read.indices { read[index].label = read[index].path.printable }
        }
        var problems: [String] = []
        var told: [Int: ClassAnswers] = [:]
        if answers {
            for (number, run) in read.enumerated() {
                do {
                    let answers = try ClassAnswers(
                        of: run, data: data, device: device, loading: self.device.loading,
                        progress: ProgressBar())
                    told[number] = answers
                    if data != nil { read[number].dataTop1 = answers.top1 }
                } catch let error as Interrupted {
                    throw error
                } catch {
                    problems.append("\(run.label) without its classes: \(advisedLine(error))")
                }
            }
        }
        let found = try cachesToDescribe(read, &problems)
        let arms = Arm.sorting(read)
        let differences = PairedDifference.all(of: arms)
        let page = ReportPage(
            title: (title ?? (read.count == 1 ? read[0].label : read.countText)).printable,
            runs: read, arms: arms, differences: differences, answers: told, caches: found,
            problems: problems)
        try AtomicFile.write(Data(page.html().utf8), to: out.path)
        for problem in problems { StandardStreams.report("\(problem.printable)\n") }
        if json {
            try StandardStreams.print(Output(page).json())
        } else {
            try StandardStreams.print("\(self.out): \(read.countText)".printable)
        }
    }

    /// The caches named, all of which must be there, or those that runs name, as far as they are.
    private func cachesToDescribe(
        _ runs: [ReportedRun], _ problems: inout [String]
    ) throws -> [ReportPage.Cache] {
        func describe(_ path: String) throws -> ReportPage.Cache {
            let reader = try CacheReader(directory: path)
            return ReportPage.Cache(path: path, manifest: reader.manifest, info: try reader.info())
        }
        guard caches.isEmpty else { return try caches.map(describe) }
        var found: [ReportPage.Cache] = []
        var seen: Set<String> = []
        for path in runs.flatMap(\.caches) where seen.insert(path).inserted {
            do { found.append(try describe(path)) } catch {
                problems.append("without the cache that a run names: \(errorText(error))")
            }
        }
        return found
    }

    /// What the page says, for programs.
    private struct Output: Encodable {
        struct Run: Encodable {
            let run: String
            let recipe: String
            let seed: UInt64
            let finished: Bool
            let epochs: Int
            let result: Double?
            let data: Double?
            let average: Double?
            let validated: Double?
            let raw: Double?
        }

        struct Difference: Encodable {
            let recipe: String
            let against: String
            let measured: String
            let mean: Double
            let standardError: Double?
            let seeds: [UInt64]

            enum CodingKeys: String, CodingKey {
                case recipe, against, measured, mean, seeds
                case standardError = "standard_error"
            }
        }

        let runs: [Run]
        let differences: [Difference]

        init(_ page: ReportPage) {
            runs = page.runs.map { run in
                Run(
                    run: run.path, recipe: run.recipe.name, seed: run.recipe.seed,
                    finished: run.result != nil, epochs: run.epochsDone,
                    result: run.result?["top1"], data: run.dataTop1, average: run.averageTop1,
                    validated: run.epochs.last?["top1"], raw: run.epochs.last?["raw_top1"])
            }
            differences = page.differences.map {
                Difference(
                    recipe: $0.arm, against: $0.base, measured: $0.measure.title,
                    mean: $0.estimate.mean, standardError: $0.estimate.error, seeds: $0.seeds)
            }
        }
    }
}
