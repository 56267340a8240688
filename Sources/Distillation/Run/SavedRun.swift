import Base
import Foundation
import Torch

/// The checkpoints of a run, for those who read it while a training may be at work.
///
/// A training replaces files by renames and removes old ones: what is opened stays whole, and what has
/// gone before it was opened is looked for in the checkpoint that is the last by then.
package struct SavedRun {
    private let path: String
    private let notice: (String) -> Void

    /// Names a run's folder.
    ///
    /// - Parameter notice: told where the last checkpoint is damaged and the one before it is taken.
    package init(_ path: String, notice: @escaping (String) -> Void) {
        self.path = path
        self.notice = notice
    }

    /// Whether a path is that of a file which a training makes in the folder of a run, other than the
    /// average, which may be taken again.
    package static func makes(_ path: String) -> Bool {
        guard !path.hasSuffix("/\(RunFolder.averageName)") else { return false }
        return RunFolder.runs(of: path).contains {
            access("\($0)/\(RunFolder.checkpointsName)", F_OK) == 0
        }
    }

    /// The weights that the training came to: the mean of its best snapshots.
    ///
    /// - Throws: `TrainingError` while there are none; `TorchError` for what is no weights file.
    package func result() throws -> SafetensorsFile {
        let file = "\(path)/\(RunFolder.averageName)"
        guard !FileKind.isMissing(file) else {
            throw TrainingError(
                "\(path): no \(RunFolder.averageName) yet; the training writes it at its end")
        }
        return try SafetensorsFile(path: file)
    }

    /// The file of all tensors: `model.…`, `ema.…` and the optimizer's.
    ///
    /// - Throws: `TrainingError` or `TorchError` if there is no checkpoint, or none is intact.
    package func tensors() throws -> SafetensorsFile {
        try opened { try file($0.tensors, seal: $0.seal) }
    }

    /// The files of the best snapshots, in the order in which they are averaged; none before the
    /// first epoch's end.
    ///
    /// - Throws: as `tensors`.
    package func snapshots() throws -> [SafetensorsFile] {
        try opened { state in try state.best.kept.map { try file($0.file, seal: $0.seal) } }
    }

    private func path(of name: String) -> String {
        "\(path)/\(RunFolder.checkpointsName)/\(name)"
    }

    /// A file after a check that all of it is what was written.
    private func file(_ name: String, seal: String?) throws -> SafetensorsFile {
        let file = try Checkpoints.open(path(of: name), seal: seal)
        try file.verify()
        return file
    }

    private func opened<Files>(_ open: (TrainingState) throws -> Files) throws -> Files {
        let latest = path(of: RunFolder.latestName)
        let isThere = [RunFolder.latestName, RunFolder.previousName].contains {
            access(path(of: $0), F_OK) == 0 || errno != ENOENT
        }
        guard isThere else {
            throw TrainingError("\(path): holds no checkpoint; is it a run's folder?")
        }
        var seen: TrainingState?
        while true {
            do {
                let state = try TrainingState(contentsOf: latest)
                // The same state again: it is not a training's work that a file is missing.
                let isNew = state != seen
                seen = state
                do { return try open(state) } catch { guard isNew else { throw error } }
            } catch {
                guard
                    let before = try? TrainingState(contentsOf: path(of: RunFolder.previousName)),
                    let files = try? open(before)
                else { throw error }
                notice("\(error); taking the checkpoint before it, of step \(before.steps)")
                return files
            }
        }
    }
}
