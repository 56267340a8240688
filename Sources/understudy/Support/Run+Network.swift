import Base
import Distillation
import Models
import Recipes
import Torch

extension Run {
    /// The network that a run has come to, and what it is: its result or, before there is one, the
    /// average, the best or the last weights.
    func network(_ recipe: Recipe, on device: Device) throws -> (any ImageClassifier, String) {
        let network = try recipe.makeNetwork(on: device)
        let kinds = [try checkpoints.result(), .average, .best].compactMap { $0 }
        if let chosen = kinds.first(where: { !FileKind.isMissing("\(path)/\($0.fileName)") }) {
            try network.store.load(weights(chosen))
            return (network, chosen.fileName)
        }
        try network.store.load(tensors: lastWeights(in: lastTensors()))
        return (network, "the last checkpoint")
    }
}
