import Models
import Torch

extension ImageClassifier {
    /// Moves what a fresh network starts at zero, or near it: BEiT's bias tables and the classifier,
    /// without which attention has no bias and all classes are alike.
    func shake(seed: UInt64) throws(TorchError) {
        let generator = try RandomGenerator(seed: seed)
        for entry in store.parameters {
            let std: Double
            switch entry.name {
            case "head.weight": std = 0.1
            case let name where name.hasSuffix("relative_position_bias_table"): std = 0.2
            default: continue
            }
            let noise = try Tensor.empty(entry.tensor.shape)
            try noise.normal(std: std, generator: generator)
            let there = try noise.to(store.device)
            try withoutGrad { () throws(TorchError) in try entry.tensor.add(there) }
        }
    }
}
