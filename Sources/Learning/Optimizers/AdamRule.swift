import Foundation
import StrictYAML
import Torch

/// A rule that keeps running means of gradients and of their squares, as Adam does.
package protocol AdamRule: UpdateRule {
    /// The rates of the two means.
    var betas: Betas { get set }

    /// What is added to the root of the squares' mean, ε.
    var epsilon: Double { get set }
}

/// The decay rates of Adam's two moments.
package struct Betas: Sendable, Equatable {
    /// The rate of the gradients' mean, β₁.
    package var first: Double
    /// The rate of the squared gradients' mean, β₂.
    package var second: Double

    package init(_ first: Double, _ second: Double) {
        self.first = first
        self.second = second
    }

    /// PyTorch's and timm's.
    package static let standard = Betas(0.9, 0.999)
}

extension AdamRule {
    package static var moments: [Moments.Kind] { [.first, .second] }

    package static var keys: [Key<Self>] {
        [
            Key(
                "betas", \.betas,
                Form<[Double]>.numbers(2, in: .belowOne)
                    .mapped(to: { Betas($0[0], $0[1]) }, from: { [$0.first, $0.second] }),
                hasDefault: true,
                "the decay rates of the gradient's mean and of its square's"),
            Key(
                "eps", \.epsilon, .number(in: .positive), hasDefault: true,
                "what is added to the root of the square's mean"),
        ]
    }

    /// `m ← β₁ · m + (1 - β₁) · g` and `v ← β₂ · v + (1 - β₂) · g²`.
    func accumulate(_ gradients: [Tensor], in moments: Moments) throws(TorchError) {
        try Foreach.multiply(moments[.first], by: betas.first)
        try Foreach.add(moments[.first], gradients, scale: 1 - betas.first)
        try Foreach.multiply(moments[.second], by: betas.second)
        try Foreach.addProducts(moments[.second], gradients, gradients, scale: 1 - betas.second)
    }

    /// What step `t` divides the first moment by to undo its start at zero: `1 - β₁ᵗ`.
    func correction(step t: Int) -> Double { 1 - pow(betas.first, Double(t)) }

    /// `√v / √(1 - β₂ᵗ) + ε` for step `t`, in new tensors.
    func denominators(_ moments: Moments, step t: Int) throws(TorchError) -> [Tensor] {
        let result = try Foreach.sqrt(moments[.second])
        try Foreach.divide(result, by: (1 - pow(betas.second, Double(t))).squareRoot())
        try Foreach.add(result, scalar: epsilon)
        return result
    }
}
