import Base
import Foundation

/// The file `metrics.jsonl`: one line for each epoch.
final class MetricsLog: RunObserver {
    private let lines: JSONLines<EpochRecord>

    /// Opens the log of a run's folder, and keeps the epochs before the state's.
    ///
    /// - Parameter notice: told of lines that are damaged or were changed.
    init(_ folder: RunFolder, _ state: TrainingState, notice: @escaping (String) -> Void) throws {
        let path = folder.file(RunFolder.metricsName)
        var link = stat()
        guard lstat(path, &link) != 0 || link.st_mode & S_IFMT == S_IFREG else {
            throw TrainingError("\(path): is no file of the run's own; move it away")
        }
        lines = try JSONLines(
            path, keep: state.epoch, notice: notice,
            accept: { checksum, _ in
                guard let known = state.metrics, known != checksum.hexadecimal else { return }
                notice("\(path): is not as the checkpoint left it; the training is not affected")
            }, position: { $0.epoch })
    }

    func epochEnded(_ record: EpochRecord) throws { try lines.append(record) }

    func beforeCheckpoint(_ state: inout TrainingState) throws {
        try lines.synchronize()
        state.metrics = lines.checksum.hexadecimal
    }
}
