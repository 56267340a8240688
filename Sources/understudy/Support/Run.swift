import Base
import Distillation
import Loading
import Models
import Recipes
import Torch

/// A run's folder, read only.
struct Run {
    let path: String

    var checkpoints: SavedRun {
        SavedRun(path) { StandardStreams.report("\($0.printable)\n") }
    }

    /// The resolved recipe.
    func recipe() throws -> Recipe { try Recipe(contentsOf: "\(path)/recipe.yaml") }

    /// Which of its weights are the result of a run that has come to its end.
    func result() throws -> RunWeights {
        guard let result = try checkpoints.result() else {
            throw CommandError(
                "\(path): no result yet; let the training end, or use --which best or --which last")
        }
        return result
    }

    /// A weight file of the run.
    func weights(_ weights: RunWeights) throws -> SafetensorsFile {
        let file = "\(path)/\(weights.fileName)"
        guard !FileKind.isMissing(file) else {
            if weights == .raw, try recipe().ema == nil {
                throw CommandError(
                    "\(path): has no moving average, so its best weights are raw; use --which best")
            }
            throw CommandError(
                "\(path): no \(weights.fileName) yet; let the training get there, or use --which "
                    + "last")
        }
        return try SafetensorsFile(path: file)
    }

    /// What a weights file of the run says of itself; what an earlier version left out is taken from
    /// the recipe and, as far as they are still there, its validation images.
    func description(of file: any WeightsArchive) throws -> WeightsDescription {
        var description = try WeightsDescription(of: file)
        guard description.preprocessing == nil || description.classes == nil else {
            return description
        }
        let recipe = try recipe()
        let classes = description.classes ?? (try? ImageDataset(recipe.data.val))?.classes
        if description.preprocessing == nil {
            description = recipe.weightsDescription(classes: nil)
        }
        description.classes = classes
        return description
    }

    /// The tensors of the last checkpoint.
    func lastTensors() throws -> SafetensorsFile { try checkpoints.tensors() }

    /// The last checkpoint's EMA network, or the trained one where the recipe has no EMA.
    ///
    /// - Parameter file: the checkpoint's tensors.
    func lastWeights(in file: SafetensorsFile) throws -> [String: Tensor] {
        let prefix = file.names.contains { $0.hasPrefix("ema.") } ? "ema." : "model."
        var tensors: [String: Tensor] = [:]
        for name in file.names where name.hasPrefix(prefix) {
            tensors[String(name.dropFirst(prefix.count))] = try file.tensor(name)
        }
        return tensors
    }

    /// The best snapshots.
    func snapshots() throws -> [SafetensorsFile] {
        let files = try checkpoints.snapshots()
        guard !files.isEmpty else { throw CommandError("\(path): no epoch is finished yet") }
        return files
    }
}
