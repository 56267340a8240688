import Foundation
import Torch

/// Running means of gradients and of their squares, which LAMB and AdamW share.
package struct AdamMoments: Sendable, Equatable {
    /// The rate of the gradients' mean, β₁.
    package var first: Double
    /// The rate of the squared gradients' mean, β₂.
    package var second: Double
    /// What is added to the root of the second moment, ε.
    package var epsilon: Double

    package init(first: Double = 0.9, second: Double = 0.999, epsilon: Double) {
        self.first = first
        self.second = second
        self.epsilon = epsilon
    }

    static let kinds: [Moments.Kind] = [.first, .second]

    /// `m ← β₁ · m + (1 - β₁) · g` and `v ← β₂ · v + (1 - β₂) · g²`.
    func accumulate(_ gradients: [Tensor], in moments: Moments) throws(TorchError) {
        try Foreach.multiply(moments[.first], by: first)
        try Foreach.add(moments[.first], gradients, scale: 1 - first)
        try Foreach.multiply(moments[.second], by: second)
        try Foreach.addProducts(moments[.second], gradients, gradients, scale: 1 - second)
    }

    /// What step `t` divides the first moment by to undo its start at zero: `1 - β₁ᵗ`.
    func correction(step t: Int) -> Double { 1 - pow(first, Double(t)) }

    /// `√v / √(1 - β₂ᵗ) + ε` for step `t`, in new tensors.
    func denominators(_ moments: Moments, step t: Int) throws(TorchError) -> [Tensor] {
        let result = try Foreach.sqrt(moments[.second])
        try Foreach.divide(result, by: (1 - pow(second, Double(t))).squareRoot())
        try Foreach.add(result, scalar: epsilon)
        return result
    }
}
