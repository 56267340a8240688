import Models
import Torch

/// A network's parameters, those with weight decay first.
package struct OptimizedParameters {
    /// Names in the order of `tensors`.
    package let names: [String]
    /// The parameters.
    package let tensors: [Tensor]
    /// How many of the first ones take weight decay.
    private let decayedCount: Int

    /// The trainable parameters of a network.
    package init(of network: any ImageClassifier) {
        let entries = network.store.parameters
        self.init(
            entries.filter { network.decays($0) }, plain: entries.filter { !network.decays($0) })
    }

    /// Parameters with and without weight decay.
    package init(_ decayed: [ParameterStore.Entry], plain: [ParameterStore.Entry]) {
        names = (decayed + plain).map(\.name)
        tensors = (decayed + plain).map(\.tensor)
        decayedCount = decayed.count
    }

    /// The parameters that take weight decay.
    package var decayed: [Tensor] { decayed(of: tensors) }

    /// Of a list in the order of `tensors`, what belongs to parameters that take weight decay.
    package func decayed(of list: [Tensor]) -> [Tensor] { Array(list[..<decayedCount]) }

    /// The gradients, in the order of `tensors`.
    ///
    /// - Throws: `TorchError` naming the first parameter without one.
    package func gradients() throws(TorchError) -> [Tensor] {
        var gradients: [Tensor] = []
        for (name, tensor) in zip(names, tensors) {
            guard let gradient = try tensor.grad else {
                throw TorchError(
                    operation: "optimizer", message: "parameter \(name) has no gradient")
            }
            gradients.append(gradient)
        }
        return gradients
    }

    /// Forgets all gradients.
    package func clearGradients() throws(TorchError) {
        for tensor in tensors { try tensor.setGrad(nil) }
    }
}
