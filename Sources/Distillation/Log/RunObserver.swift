/// Is told what a training does; each output of a run is one.
protocol RunObserver: AnyObject {
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
}

extension RunObserver {
    func isKnown(to state: TrainingState) -> Bool { true }
    func stepped(_ record: StepRecord) throws {}
    func epochEnded(_ record: EpochRecord) throws {}
    func beforeCheckpoint(_ state: inout TrainingState) throws {}
}
