import Distillation
import Foundation
import Recipes

/// Runs of one recipe, which differ in their seed alone.
struct Arm {
    /// The recipe's name, with a letter behind it where several arms have the same.
    var name: String
    /// In the order of the command line.
    var runs: [ReportedRun]
    /// What its recipe says, but for what tells runs of one arm apart.
    let values: [(path: String, value: String)]

    /// How it weighs the terms of the loss.
    var lossWeights: [String] {
        values.filter { $0.path.hasPrefix("loss.") }.map { "\($0.path) \($0.value)" }
    }

    /// Keys of a recipe that change no result, or that tell runs of an arm apart.
    private static let ignored = ["name", "seed"]

    private static func isIgnored(_ path: String) -> Bool {
        ignored.contains(path) || path.hasPrefix("checkpoint.")
    }

    /// Sorts runs into arms, in the order in which their first runs come.
    static func sorting(_ runs: [ReportedRun]) -> [Arm] {
        var arms: [Arm] = []
        for run in runs {
            let values = run.recipe.values.filter { !isIgnored($0.path) }
            if let index = arms.firstIndex(where: { $0.values.elementsEqual(values, by: ==) }) {
                arms[index].runs.append(run)
            } else {
                arms.append(Arm(name: run.recipe.name.printable, runs: [run], values: values))
            }
        }
        for (name, indices) in Dictionary(grouping: arms.indices, by: { arms[$0].name })
        where indices.count > 1 {
            for (number, index) in indices.sorted().enumerated() {
                arms[index].name = "\(name) \(letters(number))"
            }
        }
        return arms
    }

    /// a to z, then aa.
    private static func letters(_ number: Int) -> String {
        let last = String(UnicodeScalar(UInt8(97 + number % 26)))
        return number < 26 ? last : letters(number / 26 - 1) + last
    }

    /// The first run of a seed.
    func run(seed: UInt64) -> ReportedRun? { runs.first { $0.recipe.seed == seed } }

    var seeds: [UInt64] { Set(runs.map(\.recipe.seed)).sorted() }
}

/// A mean of some numbers, and how far it may be off.
struct Estimate: Equatable {
    let mean: Double
    /// The standard error, the standard deviation over √n; `nil` of a single number.
    let error: Double?
    let count: Int

    /// - Returns: `nil` of no numbers.
    init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        self.mean = mean
        self.count = values.count
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        error = values.count > 1 ? (squares / (count - 1) / count).squareRoot() : nil
    }
}

/// An accuracy that runs can be compared by, in percent.
enum Measure: Equatable {
    /// Of the network that a run has come to, on the images that `--data` names.
    case data
    /// Of the weights that a finished training hands over.
    case result
    /// Of the validated network, the moving average where there is one, after so many epochs.
    case validated(epochs: Int)
    /// Of the trained network after so many epochs.
    case raw(epochs: Int)

    var title: String {
        switch self {
        case .data: "on --data"
        case .result: "result"
        case .validated(let epochs): "EMA after epoch \(epochs)"
        case .raw(let epochs): "raw after epoch \(epochs)"
        }
    }

    func value(of run: ReportedRun) -> Double? {
        func record(_ epochs: Int) -> FigureLine? {
            run.epochs.first { $0["epoch"] == Double(epochs - 1) }
        }
        return switch self {
        case .data: run.dataTop1
        case .result: run.result?["top1"]
        case .validated(let epochs): record(epochs)?["top1"]
        case .raw(let epochs): record(epochs)?["raw_top1"]
        }
    }
}

/// What one arm gains over another, in points of top-1 accuracy.
struct PairedDifference {
    let arm: String
    let base: String
    let measure: Measure
    /// The seeds that both have.
    let seeds: [UInt64]
    let estimate: Estimate

    /// Every arm against the first, by each measure that at least one pair of runs tells.
    static func all(of arms: [Arm]) -> [PairedDifference] {
        guard let base = arms.first else { return [] }
        return arms.dropFirst().flatMap { arm in
            let shared = base.seeds.filter(Set(arm.seeds).contains)
            let pairs = shared.compactMap { seed in
                base.run(seed: seed).flatMap { first in
                    arm.run(seed: seed).map { (seed: seed, first: first, second: $0) }
                }
            }
            // The last epoch that all of them have come to.
            let epochs = pairs.map { min($0.first.epochsDone, $0.second.epochsDone) }.min() ?? 0
            let measures: [Measure] =
                [.data, .result]
                + (epochs > 0 ? [.validated(epochs: epochs), .raw(epochs: epochs)] : [])
            return measures.compactMap { measure in
                let told = pairs.compactMap { pair in
                    measure.value(of: pair.first).flatMap { before in
                        measure.value(of: pair.second).map { (seed: pair.seed, gain: $0 - before) }
                    }
                }
                return Estimate(told.map(\.gain)).map {
                    PairedDifference(
                        arm: arm.name, base: base.name, measure: measure, seeds: told.map(\.seed),
                        estimate: $0)
                }
            }
        }
    }
}
