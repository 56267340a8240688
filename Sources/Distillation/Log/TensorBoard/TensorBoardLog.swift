import Foundation
import Imaging
import Learning
import Models
import Torch

/// Events for TensorBoard in the run's folder: curves, weights, the recipe, the first views.
///
/// Steps are counted as they are taken, from 1. The last step of an epoch is told with the epoch's
/// figures: a run that goes on has readers forget what an earlier process wrote of later steps or, if
/// the epoch was not counted, of its figures, so that it shows one curve. It writes a file of its own:
/// the earlier one may end amid a record.
final class TensorBoardLog: RunObserver {
    /// Fewest steps of a run that are all told; of a longer one, as many at even distances.
    private static let mostSteps = 20_000
    /// Epochs at whose end histograms are taken, about.
    private static let histogramEpochs = 50

    private let file: EventFile
    private let network: any ImageClassifier
    private let schedule: LearningRateSchedule
    /// The last step of an epoch, until the epoch's figures are there.
    private var lastStep: StepRecord?

    private var steps: Int { schedule.settings.epochs * schedule.stepsPerEpoch }
    private var stepInterval: Int { max(1, (steps + Self.mostSteps - 1) / Self.mostSteps) }
    private var histogramInterval: Int { max(1, schedule.settings.epochs / Self.histogramEpochs) }

    static func isFile(_ name: String) -> Bool { EventFile.isName(name) }

    private init(_ file: EventFile, _ run: ObservedRun) {
        self.file = file
        network = run.network
        schedule = run.schedule
    }

    static func open(_ run: ObservedRun) throws -> TensorBoardLog? {
        guard run.options.writesTensorBoard else { return nil }
        let time = Date().timeIntervalSince1970
        var events = [TensorBoardEvent.version(time: time)]
        let isFirst = !EventFile.areThere(in: run.folder.path)
        if !isFirst {
            events.append(.restart(time: time, step: firstForgotten(run)))
        }
        if isFirst || run.state.steps == 0 {
            events.append(.summary(time: time, step: 0, try introduction(run, time: time)))
        }
        return TensorBoardLog(try EventFile(in: run.folder.path, opening: events), run)
    }

    /// The first step of which this process will tell, or tell again.
    private static func firstForgotten(_ run: ObservedRun) -> Int {
        let state = run.state
        guard state.steps > 0 else { return 0 }
        let isUncounted = state.step == run.schedule.stepsPerEpoch
        return isUncounted ? state.steps : state.steps + 1
    }

    /// What is told once, before the first step.
    private static func introduction(_ run: ObservedRun, time: Double) throws -> [SummaryValue] {
        let sheet = try run.loader.firstViews()
        let recipe = run.recipe.resolvedYAML.split(
            separator: "\n", omittingEmptySubsequences: false
        ).map { "    \($0)" }.joined(separator: "\n")
        return [
            .sessionStart(
                run.recipe.values.map { ($0.path, HyperparameterValue(yaml: $0.value)) }, time: time
            ),
            .text("recipe", recipe),
            .picture(
                "views", png: try ContactSheet.png(sheet), width: sheet.width, height: sheet.height),
        ]
    }

    func stepped(_ record: StepRecord) throws {
        guard record.step < schedule.stepsPerEpoch - 1 else {
            lastStep = record
            return
        }
        let taken = record.epoch * schedule.stepsPerEpoch + record.step + 1
        guard taken.isMultiple(of: stepInterval) else { return }
        try tell(taken, figures(of: record))
    }

    func epochEnded(_ record: EpochRecord) throws {
        var values = lastStep.map(figures) ?? []
        lastStep = nil
        let line = try FigureLine(record)
        for (name, value) in line.figures.sorted(by: { $0.key < $1.key }) {
            if let tag = Self.tag(ofEpochFigure: name) { values.append(.scalar(tag, value)) }
        }
        let epochs = record.epoch + 1
        let isLast = epochs == schedule.settings.epochs
        if epochs.isMultiple(of: histogramInterval) || isLast { values += try histograms() }
        try tell(epochs * schedule.stepsPerEpoch, values)
        try file.flush()
    }

    func beforeCheckpoint(_ state: inout TrainingState) throws { try file.synchronize() }

    func finished(_ result: TrainingResult) throws {
        // After the last step, so that it is forgotten when the end is measured again.
        try tell(
            steps + 1,
            [
                .scalar("result/top1", result.top1), .scalar("result/top5", result.top5),
                .sessionEnd(time: Date().timeIntervalSince1970),
            ])
        try file.synchronize()
    }

    private func tell(_ step: Int, _ values: [SummaryValue]) throws {
        try file.append(.summary(time: Date().timeIntervalSince1970, step: step, values))
    }

    private func figures(of record: StepRecord) -> [SummaryValue] {
        record.losses.figures.map { .scalar("step/\($0.name)", $0.value) } + [
            .scalar("optimizer/learning_rate", record.lr),
            .scalar("optimizer/ema_decay", record.emaDecay),
            .scalar("optimizer/gradient_norm", record.gradNorm),
        ]
    }

    /// The tag of a figure of an epoch, by its key in `metrics.jsonl`; `nil` for what is no result.
    private static func tag(ofEpochFigure name: String) -> String? {
        if Loss.allNames.contains(name) { return "epoch/\(name)" }
        if name.hasSuffix("top1") || name.hasSuffix("top5") { return "validation/\(name)" }
        switch name {
        // The step's figures tell the rate; the rest counts.
        case "lr", "epoch", "view_epoch", "seconds": return nil
        case "images_per_second", "data_wait": return "speed/\(name)"
        default: return "run/\(name)"
        }
    }

    /// How the trained weights are spread, a tensor at a time.
    private func histograms() throws -> [SummaryValue] {
        try network.store.parameters.compactMap { entry in
            let values = try withoutGrad { () throws(TorchError) in
                try entry.tensor.detached().floats()
            }
            return WeightHistogram(values).map { .histogram("weights/\(entry.name)", $0) }
        }
    }
}
