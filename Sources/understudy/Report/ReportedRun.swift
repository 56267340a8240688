import Base
import Distillation
import Foundation
import Learning
import Recipes

/// What a run's folder tells, as far as it goes: a run may be under way, may have been killed, or may
/// be of another version.
struct ReportedRun {
    let path: String
    /// What the page calls it.
    var label: String
    let recipe: Recipe
    /// The epochs that are finished, in order, with what is known of each.
    let epochs: [FigureLine]
    /// What the training came to; `nil` where it has not come to its end.
    let result: FigureLine?
    /// The weights that are the result; `nil` without one, and of versions that named none.
    let resultWeights: String?
    /// The caches that it learned from, as the training was given them.
    let caches: [String]
    /// Top-1 accuracy on the images that `--data` names, in percent.
    var dataTop1: Double?

    /// Longest log that is read, bytes: some 300 of each epoch.
    private static let longestLog = 64 << 20

    /// Reads a run.
    ///
    /// - Throws: `CommandError` for what is no run, and what cannot be read.
    init(_ path: String) throws {
        self.path = path
        label = URL(fileURLWithPath: path).lastPathComponent.printable
        guard !FileKind.isMissing("\(path)/recipe.yaml") else {
            throw CommandError("\(path): holds no recipe.yaml; is it a run's folder?")
        }
        recipe = try Run(path: path).recipe()
        epochs = Self.epochs(try Self.text("\(path)/metrics.jsonl"))
        let told = try Self.text("\(path)/result.json").map { Data($0.utf8) }
        result = told.flatMap { try? FigureLine(json: $0) }
        let names = told.flatMap { try? JSONDecoder().decode(Names.self, from: $0) }
        resultWeights = names?.result
        caches = (names?.teachers ?? []).map(\.cache)
    }

    private struct Names: Decodable {
        struct Teacher: Decodable { let cache: String }
        let teachers: [Teacher]?
        let result: String?
    }

    /// The records of a log; a line that a kill tore, or that says no epoch, is left out.
    private static func epochs(_ text: String?) -> [FigureLine] {
        var last = -1.0
        return (text ?? "").split(separator: "\n").compactMap { line in
            guard let record = try? FigureLine(json: Data(line.utf8)),
                let epoch = record["epoch"], epoch > last
            else { return nil }
            last = epoch
            return record
        }
    }

    private static func text(_ path: String) throws -> String? {
        guard !FileKind.isMissing(path) else { return nil }
        guard let bytes = try BoundedFile.read(path, limit: longestLog) else {
            throw CommandError("\(path): is longer than any run's")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ReportedRun {
    /// Epochs that are finished.
    var epochsDone: Int { epochs.last?["epoch"].map { Int($0) + 1 } ?? 0 }

    var state: String {
        result != nil
            ? "finished"
            : "not finished: \(epochsDone) of \(recipe.schedule.epochs) epochs"
    }

    /// A figure of every finished epoch that tells it, at the epoch's number from 1.
    func curve(_ name: String) -> [LineChart.Point] {
        epochs.compactMap { record in
            guard let epoch = record["epoch"], let value = record[name] else { return nil }
            return LineChart.Point(x: epoch + 1, y: value)
        }
    }

    /// The curve of a loss or one of its terms; empty of one that was never computed, which records
    /// tell as 0.
    func lossCurve(_ name: String) -> [LineChart.Point] {
        let curve = curve(name)
        return curve.allSatisfy { $0.y == 0 } ? [] : curve
    }

    /// Top-1 accuracy of the mean of the best snapshots, in percent. Versions that measured nothing
    /// else called it `top1`.
    var averageTop1: Double? { result?["average_top1"] ?? result?["top1"] }

    /// The weights that are the result, with their epoch where they are of one: `raw, epoch 12`.
    var resultName: String? {
        guard let resultWeights else { return nil }
        let figure = ["best": "top1", "raw": "raw_top1"][resultWeights]
        let epoch = figure.flatMap { name in epochs.first { $0[name] == result?["top1"] } }?[
            "epoch"]
        return resultWeights + (epoch.map { ", epoch \(Int($0) + 1)" } ?? "")
    }

    /// The decay of the moving average at each finished epoch's end, of the recipe.
    var decayCurve: [LineChart.Point] {
        guard let ema = recipe.ema else { return [] }
        let total = recipe.schedule.epochs
        return epochs.compactMap { record in
            guard let epoch = record["epoch"] else { return nil }
            return LineChart.Point(
                x: epoch + 1,
                y: ExponentialMovingAverage.decay(
                    ema.decay, beta: ema.beta, step: Int(epoch) + 1, of: total))
        }
    }
}

extension [ReportedRun] {
    /// How many they are: `3 runs`.
    var countText: String { count == 1 ? "1 run" : "\(count) runs" }
}
