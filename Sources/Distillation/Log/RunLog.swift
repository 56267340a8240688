import Base
import Learning
import Loading
import Models
import Recipes

/// What a run writes while it trains: its observers, each told in turn.
final class RunLog {
    /// Every output of a run, in the order in which they are told.
    static var kinds: [any RunObserver.Type] {
        [MetricsLog.self, TensorBoardLog.self, TraceLog.self, ConsoleLog.self]
    }

    /// The files of one name that they make in a run's folder, each of which takes an epoch to fill.
    static var fileNames: [String] { kinds.compactMap { $0.fileName } }

    /// Whether a name is that of a file which one of them makes in a run's folder.
    static func isFile(_ name: String) -> Bool { kinds.contains { $0.isFile(name) } }

    private let observers: [any RunObserver]

    init(_ observers: [any RunObserver]) { self.observers = observers }

    /// The outputs of a training, opened where it goes on with them.
    ///
    /// - Throws: `TrainingError` for a file that is not the training's own, or cannot be written.
    convenience init(of run: ObservedRun) throws {
        self.init(try Self.kinds.compactMap { try $0.open(run) })
    }

    func isKnown(to state: TrainingState) -> Bool {
        observers.allSatisfy { $0.isKnown(to: state) }
    }

    func stepped(_ record: StepRecord) throws {
        for observer in observers { try observer.stepped(record) }
    }

    func epochEnded(_ record: EpochRecord) throws {
        for observer in observers { try observer.epochEnded(record) }
    }

    func beforeCheckpoint(_ state: inout TrainingState) throws {
        for observer in observers { try observer.beforeCheckpoint(&state) }
    }

    func finished(_ result: TrainingResult) throws {
        for observer in observers { try observer.finished(result) }
    }
}

/// What an observer may know of a run when it is opened.
struct ObservedRun {
    let folder: RunFolder
    let options: TrainingOptions
    /// Where the training goes on.
    let state: TrainingState
    let schedule: LearningRateSchedule
    /// The names of the losses, in the order in which they are told.
    let losses: [String]
    let recipe: Recipe
    /// What renders the views.
    let loader: ViewLoader
    /// The network that is trained.
    let network: any ImageClassifier
    let progress: any ProgressReporter
}

/// Is told what a training does; each output of a run is one.
protocol RunObserver: AnyObject {
    /// The file that it makes in the folder of every run; `nil` if it makes none there.
    static var fileName: String? { get }

    /// Whether a name is that of a file which it makes in the folder of a run.
    static func isFile(_ name: String) -> Bool

    /// Opens the output where the training goes on with it; `nil` if the run is to have none.
    ///
    /// - Throws: `TrainingError` for a file that is not the training's own, or cannot be written.
    static func open(_ run: ObservedRun) throws -> Self?

    /// Whether the checkpoint tells that what was written so far is this run's. Where it does not, one
    /// is written before the first step.
    func isKnown(to state: TrainingState) -> Bool

    /// A step was taken.
    func stepped(_ record: StepRecord) throws

    /// An epoch was trained and validated.
    func epochEnded(_ record: EpochRecord) throws

    /// A checkpoint is to be written: what it counts has to be on the disk.
    ///
    /// - Parameter state: what of the observer the checkpoint remembers is written into it.
    func beforeCheckpoint(_ state: inout TrainingState) throws

    /// The training came to its end.
    func finished(_ result: TrainingResult) throws
}

extension RunObserver {
    static var fileName: String? { nil }
    static func isFile(_ name: String) -> Bool { name == fileName }
    func isKnown(to state: TrainingState) -> Bool { true }
    func stepped(_ record: StepRecord) throws {}
    func epochEnded(_ record: EpochRecord) throws {}
    func beforeCheckpoint(_ state: inout TrainingState) throws {}
    func finished(_ result: TrainingResult) throws {}
}
