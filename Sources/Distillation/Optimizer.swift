import Foundation
import Models
import Recipes
import Torch

/// Changes a network's parameters along their gradients.
package protocol Optimizer: AnyObject {
    /// The parameters it changes.
    var parameters: OptimizedParameters { get }

    /// Steps taken so far.
    var steps: Int { get set }

    /// The moments it keeps, under names that are unique; they and `steps` are its whole state.
    var state: [(name: String, tensor: Tensor)] { get }

    /// Gradients are divided by `max(1, norm / maxGradNorm)` first; `nil` leaves them.
    var maxGradNorm: Double? { get }

    /// Changes the parameters along clipped gradients, which it may overwrite; `steps` counts this
    /// step already. Called by `step(rate:)`, without gradient tracking.
    func apply(_ gradients: [Tensor], rate: Double) throws(TorchError)
}

extension Optimizer {
    /// Applies the gradients that the parameters hold, and overwrites them.
    ///
    /// - Parameter rate: the learning rate of this step.
    /// - Returns: the L2 norm of all gradients together, before clipping; a scalar on the device.
    /// - Throws: `TorchError` if a parameter has no gradient.
    package func step(rate: Double) throws(TorchError) -> Tensor {
        let norm = try gradientNorm()
        try step(rate: rate, norm: norm)
        return norm
    }

    /// The L2 norm of all gradients together; a scalar on the device.
    ///
    /// - Throws: `TorchError` if a parameter has no gradient.
    package func gradientNorm() throws(TorchError) -> Tensor {
        try withoutGrad { () throws(TorchError) in
            try Tensor.stacked(Foreach.norms(parameters.gradients()), dimension: 0)
                .square().sum().sqrt()
        }
    }

    /// Applies the gradients, whose norm is known, and overwrites them.
    ///
    /// - Parameters:
    ///   - rate: the learning rate of this step.
    ///   - norm: what `gradientNorm` found; the caller has seen that it is finite.
    package func step(rate: Double, norm: Tensor) throws(TorchError) {
        try withoutGrad { () throws(TorchError) in
            let gradients = try parameters.gradients()
            if let maxGradNorm {
                let divisor = try (norm / maxGradNorm).clamped(min: 1)
                try Foreach.divide(
                    gradients, by: [Tensor](repeating: divisor, count: gradients.count))
            }
            steps += 1
            try apply(gradients, rate: rate)
        }
    }
}

/// A network's parameters, those with weight decay first.
package struct OptimizedParameters {
    /// Names in the order of `tensors`.
    package let names: [String]
    /// The parameters.
    package let tensors: [Tensor]
    /// How many of the first ones take weight decay.
    package let decayed: Int

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
        self.decayed = decayed.count
    }

    /// The gradients, in the order of `tensors`.
    ///
    /// - Throws: `TorchError` naming the first parameter without one.
    func gradients() throws(TorchError) -> [Tensor] {
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
    func clearGradients() throws(TorchError) {
        for tensor in tensors { try tensor.setGrad(nil) }
    }

    /// One tensor of zeros for each parameter.
    func zeros() throws(TorchError) -> [Tensor] {
        var result: [Tensor] = []
        for tensor in tensors {
            result.append(
                try Tensor.zeros(tensor.shape, dtype: tensor.dtype, device: tensor.device))
        }
        return result
    }

    /// Names each tensor of a kind of moment after its parameter.
    func named(_ kind: String, _ moments: [Tensor]) -> [(name: String, tensor: Tensor)] {
        zip(names, moments).map { ("\(kind).\($0)", $1) }
    }
}

/// Running means of gradients and of their squares, which LAMB and AdamW share.
struct Moments {
    let betas: (Double, Double)
    let epsilon: Double
    let first: [Tensor]
    let second: [Tensor]

    init(
        _ parameters: OptimizedParameters, betas: (Double, Double), epsilon: Double
    ) throws(TorchError) {
        self.betas = betas
        self.epsilon = epsilon
        first = try parameters.zeros()
        second = try parameters.zeros()
    }

    /// `m ← β₁ · m + (1 - β₁) · g` and `v ← β₂ · v + (1 - β₂) · g²`.
    func accumulate(_ gradients: [Tensor]) throws(TorchError) {
        try Foreach.multiply(first, by: betas.0)
        try Foreach.add(first, gradients, scale: 1 - betas.0)
        try Foreach.multiply(second, by: betas.1)
        try Foreach.addProducts(second, gradients, gradients, scale: 1 - betas.1)
    }

    /// What step `t` divides the first moment by to undo its start at zero: `1 - β₁ᵗ`.
    func correction(step t: Int) -> Double { 1 - pow(betas.0, Double(t)) }

    /// `√v / √(1 - β₂ᵗ) + ε` for step `t`, in new tensors.
    func denominators(step t: Int) throws(TorchError) -> [Tensor] {
        let result = try Foreach.sqrt(second)
        try Foreach.divide(result, by: (1 - pow(betas.1, Double(t))).squareRoot())
        try Foreach.add(result, scalar: epsilon)
        return result
    }
}

extension Recipe.Optimizer {
    /// Makes the optimizer that the recipe names.
    package func make(for network: any ImageClassifier) throws(TorchError) -> any Optimizer {
        let parameters = OptimizedParameters(of: network)
        switch rule {
        case .lamb(let betas, let eps):
            return try LAMB(
                parameters, betas: (betas.first, betas.second), epsilon: eps,
                weightDecay: weightDecay,
                maxGradNorm: maxGradNorm)
        case .adamw(let betas, let eps):
            return try AdamW(
                parameters, betas: (betas.first, betas.second), epsilon: eps,
                weightDecay: weightDecay,
                maxGradNorm: maxGradNorm)
        case .sgd(let momentum, let nesterov):
            return try SGD(
                parameters, momentum: momentum, nesterov: nesterov, weightDecay: weightDecay,
                maxGradNorm: maxGradNorm)
        }
    }
}
