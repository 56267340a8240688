import Base
import Distillation
import Foundation
import Models
import Recipes
import Torch

extension Run {
    /// The network that a run has come to, and what it is: the weights that `result.json` names or,
    /// before there are any, the average, the best or the last ones.
    func network(_ recipe: Recipe, on device: Device) throws -> (any ImageClassifier, String) {
        let network = try recipe.makeNetwork(on: device)
        let named = [resultName, "average", "best"].compactMap { $0 }
        if let name = named.first(where: { !FileKind.isMissing("\(path)/\($0).safetensors") }) {
            try network.store.load(weights("\(name).safetensors"))
            return (network, "\(name).safetensors")
        }
        try network.store.load(tensors: lastWeights())
        return (network, "the last checkpoint")
    }

    /// What `result.json` calls the weights that are the result; `nil` where it does not say.
    private var resultName: String? {
        struct Named: Decodable { let result: String }
        let bytes = try? BoundedFile.read("\(path)/result.json", limit: 1 << 20)
        let named = bytes.flatMap { try? JSONDecoder().decode(Named.self, from: Data($0)) }
        return named.flatMap { $0.result.contains("/") ? nil : $0.result }
    }
}
