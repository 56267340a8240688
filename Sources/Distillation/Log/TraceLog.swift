import Base

/// The file of `--trace`: one line for each step.
final class TraceLog: RunObserver {
    private let lines: JSONLines<StepRecord>

    /// Opens a trace, and keeps the steps before the state's.
    ///
    /// - Throws: `TrainingError` for the trace of another training, or one that was changed.
    private init(
        _ path: String, _ state: TrainingState, stepsPerEpoch: Int,
        notice: @escaping (String) -> Void
    ) throws {
        lines = try JSONLines(
            path, keep: state.steps, notice: notice,
            accept: { checksum, records in
                let isOurs = state.trace.map { $0 == checksum.hexadecimal } ?? false
                guard records == 0 || isOurs else {
                    throw TrainingError(
                        "\(path): is not as this run left it, or is the trace of another training, "
                            + "and would be lost; choose another file, or remove it")
                }
            }
        ) { record in
            let (start, overflow) = record.epoch.multipliedReportingOverflow(by: stepsPerEpoch)
            guard !overflow, (0..<stepsPerEpoch).contains(record.step) else { return .max }
            return start.addingReportingOverflow(record.step).partialValue
        }
    }

    static func open(_ run: ObservedRun) throws -> TraceLog? {
        try run.options.trace.map {
            try TraceLog(
                $0, run.state, stepsPerEpoch: run.schedule.stepsPerEpoch,
                notice: run.progress.line)
        }
    }

    func isKnown(to state: TrainingState) -> Bool {
        state.trace == lines.checksum.hexadecimal
    }

    func stepped(_ record: StepRecord) throws { try lines.append(record) }

    func beforeCheckpoint(_ state: inout TrainingState) throws {
        try lines.synchronize()
        state.trace = lines.checksum.hexadecimal
    }
}
