import Foundation
import Torch

/// Where a training stands, besides its tensors.
public struct TrainingState: Codable, Equatable, Sendable {
    /// Sums over the steps of the present epoch.
    public struct Sums: Codable, Equatable, Sendable {
        var loss = 0.0
        var ce = 0.0
        var kl = 0.0
        var steps = 0
        var seconds = 0.0
    }

    /// The epoch under way.
    public var epoch = 0
    /// The next step within the epoch.
    public var step = 0
    /// Optimizer steps in all.
    public var steps = 0
    /// The present epoch's sums.
    public var sums = Sums()
    /// Time spent in steps, in seconds, over all starts.
    public var trainingSeconds = 0.0
    /// Time spent in all, validation included, in seconds.
    public var seconds = 0.0
    /// Images that stood in for ones that could not be decoded.
    public var substituted = 0
    /// The snapshots that will be averaged.
    public var best: BestSnapshots
    /// The file of tensors that belongs to this state, within the checkpoints' folder.
    public var tensors = ""

    static let fileName = "latest.json"

    /// The last published state of a run's folder, or `nil` if there is none.
    ///
    /// - Throws: `TrainingError` if the file is not a state.
    public static func latest(inRun path: String) throws -> TrainingState? {
        let path = "\(path)/checkpoints/\(fileName)"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(
                TrainingState.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw TrainingError("\(path): not a checkpoint of this version: \(error)")
        }
    }
}

/// Writes and reads checkpoints: one safetensors file, and `latest.json` that names it.
///
/// The JSON is replaced by a rename after the tensors are on disk, so that it always names a whole
/// file; only then are older files removed.
struct CheckpointStore {
    let folder: RunFolder

    /// Publishes a state and its tensors.
    func save(_ state: inout TrainingState, tensors: [(String, Tensor)]) throws {
        state.tensors = "step-\(String(format: "%08d", state.steps)).safetensors"
        try SafetensorsFile.write(
            tensors, metadata: ["step": "\(state.steps)"], to: folder.checkpoint(state.tensors))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(encoder.encode(state), to: folder.checkpoint(TrainingState.fileName))
        folder.removeCheckpoints(
            except: Set([TrainingState.fileName, state.tensors] + state.best.kept.map(\.file)))
    }

    /// Copies a state's tensors into `tensors`, all of which must be in the file.
    func restore(_ state: TrainingState, into tensors: [(name: String, tensor: Tensor)]) throws {
        let path = folder.checkpoint(state.tensors)
        let file = try SafetensorsFile(path: path)
        guard Set(file.names) == Set(tensors.map(\.name)) else {
            throw TrainingError("\(path): holds the tensors of another recipe")
        }
        try withoutGrad {
            for (name, tensor) in tensors { try tensor.copy(from: file.tensor(name)) }
        }
    }
}
