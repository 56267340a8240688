import Base
import Learning

/// What a run writes while it trains: its observers, each told in turn.
final class RunLog {
    private var observers: [any RunObserver]

    init(_ observers: [any RunObserver]) { self.observers = observers }

    /// The outputs of a training, opened where it goes on with them.
    ///
    /// - Parameter losses: the names of the losses, in the order in which they are told.
    /// - Throws: `TrainingError` for a file that is not the training's own, or cannot be written.
    convenience init(
        folder: RunFolder, trace: String?, state: TrainingState, schedule: LearningRateSchedule,
        losses: [String], progress: any ProgressReporter
    ) throws {
        let observers: [(any RunObserver)?] = [
            try MetricsLog(folder, state, notice: progress.line),
            try trace.map {
                try TraceLog(
                    $0, state, stepsPerEpoch: schedule.stepsPerEpoch, notice: progress.line)
            },
            ConsoleLog(epochs: schedule.epochs, losses: losses, print: progress.line),
        ]
        self.init(observers.compactMap { $0 })
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
}
