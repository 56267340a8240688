import Base
import Foundation

/// One line for each epoch.
final class MetricsLog: RunObserver {
    static let fileName: String? = "metrics.jsonl"

    private let lines: JSONLines<EpochRecord>

    /// - Parameter notice: told of lines that are damaged or were changed.
    private init(
        _ path: String, _ state: TrainingState, notice: @escaping (String) -> Void
    ) throws {
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

    static func open(_ run: ObservedRun) throws -> MetricsLog? {
        try fileName.map {
            try MetricsLog(run.folder.file($0), run.state, notice: run.progress.line)
        }
    }

    func epochEnded(_ record: EpochRecord) throws {
        try lines.append(record)
        try lines.synchronize()
    }

    func beforeCheckpoint(_ state: inout TrainingState) {
        state.metrics = lines.checksum.hexadecimal
    }
}
