import Torch

/// What an update rule keeps of past gradients: tensors of each kind, one for each parameter.
package struct Moments {
    /// What is kept.
    package enum Kind: String, Sendable {
        /// The running mean of gradients.
        case first
        /// The running mean of their squares.
        case second
        /// The running sum of gradients.
        case velocity
    }

    private let kinds: [(kind: Kind, tensors: [Tensor])]

    /// Zeros, of the parameters' shapes and types.
    init(_ kinds: [Kind], of parameters: OptimizedParameters) throws(TorchError) {
        var made: [(kind: Kind, tensors: [Tensor])] = []
        for kind in kinds {
            var zeros: [Tensor] = []
            for tensor in parameters.tensors {
                zeros.append(
                    try Tensor.zeros(tensor.shape, dtype: tensor.dtype, device: tensor.device))
            }
            made.append((kind, zeros))
        }
        self.kinds = made
    }

    /// The tensors of a kind that the rule keeps, in the order of the parameters.
    package subscript(kind: Kind) -> [Tensor] {
        guard let found = kinds.first(where: { $0.kind == kind }) else {
            preconditionFailure("the rule keeps no \(kind)")
        }
        return found.tensors
    }

    /// Every tensor under its kind and its parameter's name.
    func named(by names: [String]) -> [(name: String, tensor: Tensor)] {
        kinds.flatMap { kind, tensors in
            zip(names, tensors).map { ("\(kind.rawValue).\($0)", $1) }
        }
    }
}
