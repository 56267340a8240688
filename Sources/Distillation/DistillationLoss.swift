import Torch

/// A weighted sum of the divergence from the teacher and the cross-entropy of the labels.
///
/// `loss = kl · KL(teacher ‖ student) + ce · CE(targets, student)`, temperature 1, each a mean over
/// the batch. Its gradient in the logits is `(ce · (p - y) + kl · (p - q)) / B`.
/// Source: SuperGradients `KDLogitsLoss`; numbers in recipe-spec section 9.
package struct DistillationLoss: Sendable, Equatable {
    /// The weight of the divergence from the teacher; 0 trains on labels alone.
    package let kl: Double
    /// The weight of the labels' cross-entropy.
    package let ce: Double

    /// Makes a loss of two weights.
    package init(kl: Double, ce: Double) {
        self.kl = kl
        self.ce = ce
    }

    /// The loss of a batch and its two parts, each a float32 scalar.
    package struct Value {
        /// What is differentiated.
        package let total: Tensor
        /// Cross-entropy, in nats.
        package let ce: Tensor
        /// Divergence, in nats; zero without a teacher.
        package let kl: Tensor
    }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - logits: the student's, `[B, C]`, of any floating type; the loss is float32.
    ///   - targets: label distributions, `[B, C]`, float32.
    ///   - teacher: the teacher's probabilities, `[B, C]`, float32; `nil` without a teacher.
    /// - Throws: `TorchError` if the shapes differ.
    package func callAsFunction(
        logits: Tensor, targets: Tensor, teacher: Tensor?
    ) throws(TorchError) -> Value {
        let batch = Double(logits.shape[0])
        let logP = try logits.to(.float32).logSoftmax(dimension: -1)
        let crossEntropy = try (targets * logP).sum() * (-1 / batch)
        guard let teacher else {
            return Value(
                total: try crossEntropy * ce, ce: try crossEntropy.detached(),
                kl: try .zeros([], device: logits.device))
        }
        // 0 · ln 0 = 0: the clamp only keeps the logarithm finite.
        let logQ = try teacher.clamped(min: 1e-30).log()
        let divergence = try (teacher * (logQ - logP)).sum() / batch
        return Value(
            total: try crossEntropy * ce + divergence * kl, ce: try crossEntropy.detached(),
            kl: try divergence.detached())
    }
}
