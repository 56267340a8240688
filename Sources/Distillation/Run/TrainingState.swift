import Base
import Foundation
import Recipes

/// Where a training stands, besides its tensors.
package struct TrainingState: Codable, Equatable, Sendable {
    /// What is summed over the steps of the present epoch, besides its losses.
    struct EpochSums: FlatFacts {
        var steps = 0
        /// Time spent in them.
        var seconds = 0.0
        /// Time of these in which they waited for their views.
        var waiting = 0.0

        enum CodingKeys: String, CodingKey, CaseIterable { case steps, seconds, waiting }
    }

    /// The epoch under way.
    package internal(set) var epoch = 0
    /// The next step within the epoch; the number of its steps while the validation is still to do.
    package internal(set) var step = 0
    /// Optimizer steps in all.
    package internal(set) var steps = 0
    /// The present epoch's sums.
    var sums: Record<EpochSums>
    /// Time spent in steps, in seconds, over all starts.
    var trainingSeconds = 0.0
    /// Time spent in all, validation included, in seconds.
    var seconds = 0.0
    /// Images that stood in for ones that could not be decoded.
    var substituted = 0
    /// The snapshots that will be averaged.
    package internal(set) var best: BestSnapshots
    /// The best snapshot of the trained network, where it is measured beside its moving average.
    var raw: BestSnapshots {
        get { rawSnapshots ?? BestSnapshots(keep: 1) }
        set { rawSnapshots = newValue }
    }
    /// `nil` until the trained network is measured, and in states of earlier versions.
    private var rawSnapshots: BestSnapshots?
    /// The file of tensors that belongs to this state, within the checkpoints' folder.
    package internal(set) var tensors = ""
    /// The seal of that file; `nil` in states of format 1.
    var seal: String?
    /// The CRC-32C of the lines of `metrics.jsonl` so far.
    var metrics: String?
    /// The same of the trace, when the run was last traced; `nil` if it never was.
    var trace: String?
    /// What the run learns from; `nil` in states of format 1.
    var identity: RunIdentity?
    /// The state's format; `nil` for 1, which knew neither checksums nor what the run learns from.
    private(set) var format: Int?

    private static let currentFormat = 2

    /// The beginning of a training.
    ///
    /// - Parameter losses: the names of the figures that are summed.
    init(keep: Int, losses: [String]) {
        best = BestSnapshots(keep: keep)
        sums = Record(EpochSums(), losses: Measures(zeros: losses))
        format = Self.currentFormat
    }

    /// Counts a step that was taken.
    ///
    /// - Parameter seconds: how long it took.
    mutating func count(_ losses: Measures, seconds: Double) {
        step += 1
        steps += 1
        sums.losses.add(losses)
        sums.steps += 1
        sums.seconds += seconds
        trainingSeconds += seconds
        self.seconds += seconds
    }

    /// Counts an epoch that was validated, and begins the next.
    ///
    /// - Parameter losses: the names of the figures that are summed.
    mutating func countEpoch(losses: [String]) {
        epoch += 1
        step = 0
        sums = Record(EpochSums(), losses: Measures(zeros: losses))
    }

    /// Whether an earlier version wrote it, so that it cannot be told whether all of it is intact.
    var isUnsealed: Bool { format == nil }

    /// Whether an epoch was validated.
    var isMeasured: Bool { epoch > 0 }

    /// Takes on the present format; an unsealed state is written with a seal the next time.
    mutating func adopt(_ identity: RunIdentity) {
        self.identity = identity
        format = Self.currentFormat
    }

    /// The file that holds the tensors after so many steps.
    static func tensorsFile(steps: Int) -> String {
        "step-\(padded(steps, to: 8)).safetensors"
    }

    /// The file that holds the snapshot of an epoch.
    ///
    /// - Parameter weights: what it may become: `best` or `raw`.
    static func snapshotFile(epoch: Int, of weights: RunWeights) -> String {
        "\(weights.rawValue)-epoch-\(padded(epoch, to: 4)).safetensors"
    }

    /// Every file that it names, within the checkpoints' folder.
    var files: [String] { [tensors] + (best.kept + raw.kept).map(\.file) }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }
}

// MARK: - Reading

extension TrainingState.EpochSums {
    /// Reads sums; those of earlier versions do not say how long their steps waited.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        steps = try container.decode(Int.self, forKey: .steps)
        seconds = try container.decode(Double.self, forKey: .seconds)
        waiting = try container.decodeIfPresent(Double.self, forKey: .waiting) ?? 0
    }
}

extension TrainingState {
    /// Reads a state and checks that it is intact and makes sense in itself.
    ///
    /// - Throws: `TrainingError` naming the file and what is wrong with it; `SystemFailure` if it
    ///   cannot be read, whatever is in it.
    init(contentsOf path: String) throws {
        do {
            guard let bytes = try BoundedFile.read(path, limit: 16 << 20) else {
                throw SealedJSON.Problem(message: "is too large for a state")
            }
            let (state, isSealed) = try SealedJSON.decode(TrainingState.self, from: bytes)
            if let format = state.format, format > Self.currentFormat {
                throw SealedJSON.Problem(
                    message: "is of format \(format), which a later version wrote")
            }
            guard isSealed == (state.format != nil) else {
                throw SealedJSON.Problem(message: "is damaged: its checksum is not where it was")
            }
            if let problem = state.problem { throw SealedJSON.Problem(message: problem) }
            self = state
        } catch let problem as SealedJSON.Problem {
            throw TrainingError("\(path): \(problem.message)")
        }
    }

    /// What cannot be so in any run; `nil` if all is in range.
    private var problem: String? {
        let counts = [
            ("epoch", epoch), ("step", step), ("steps", steps), ("sums.steps", sums.steps),
            ("substituted", substituted),
        ]
        if let (name, value) = counts.first(where: { $0.1 < 0 || $0.1 > 1 << 48 }) {
            return "\(name) \(value) is out of range"
        }
        let figures = [
            ("trainingSeconds", trainingSeconds), ("seconds", seconds),
            ("sums.seconds", sums.seconds), ("sums.waiting", sums.waiting),
        ]
        if let (name, value) = figures.first(where: { !($0.1 >= 0 && $0.1 < 1e12) }) {
            return "\(name) \(value) is out of range"
        }
        if !sums.losses.areFinite { return "sums are not finite" }
        guard sums.steps == step else {
            return "sums are of \(sums.steps) steps at step \(step)"
        }
        guard tensors == Self.tensorsFile(steps: steps) else {
            return "names no file of tensors after \(steps) steps"
        }
        return problem(of: best.kept, .best) ?? problem(of: raw.kept, .raw)
    }

    private func problem(
        of snapshots: [BestSnapshots.Snapshot], _ weights: RunWeights
    ) -> String? {
        guard Set(snapshots.map(\.epoch)).count == snapshots.count else {
            return "names a snapshot twice"
        }
        for snapshot in snapshots {
            guard (0..<max(epoch, 0)).contains(snapshot.epoch), (0...100).contains(snapshot.top1),
                (0...100).contains(snapshot.top5 ?? 100),
                snapshot.file == Self.snapshotFile(epoch: snapshot.epoch, of: weights)
            else { return "names a snapshot of epoch \(snapshot.epoch) that cannot be" }
        }
        return nil
    }

    /// What cannot be so in the run of a recipe; `nil` if the state belongs to its course.
    func problem(in recipe: Recipe, stepsPerEpoch: Int) -> String? {
        guard epoch <= recipe.schedule.epochs else {
            return "epoch \(epoch) of \(recipe.schedule.epochs) is out of range"
        }
        guard step <= (epoch < recipe.schedule.epochs ? stepsPerEpoch : 0) else {
            return "step \(step) of \(stepsPerEpoch) is out of range"
        }
        guard steps == epoch * stepsPerEpoch + step else {
            return "\(steps) steps are not those of epoch \(epoch), step \(step)"
        }
        // The first `keep` epochs all find a free slot.
        guard best.slots.count == recipe.average.keep,
            best.kept.count == min(epoch, recipe.average.keep)
        else { return "does not hold \(min(epoch, recipe.average.keep)) snapshots" }
        return nil
    }
}
