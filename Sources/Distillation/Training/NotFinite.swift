import Torch

/// A number that a training may not go on with: an infinity or NaN.
///
/// It is found before a step changes anything (`TrainingStep`) or before a checkpoint is written
/// (`TrainingSetup.publish`), and ends the training; the last good checkpoint is kept.
struct NotFinite: Error {
    /// What is not finite: `the loss`, `the gradient of fc.bias`, a tensor's name.
    let what: String
}

/// The name of the first tensor that holds an infinity or NaN; `nil` if all numbers are finite.
///
/// Integers are. On a GPU all tensors are waited for once, not one by one.
func firstNotFinite(_ tensors: [(name: String, tensor: Tensor)]) throws(TorchError) -> String? {
    let fractions = tensors.filter { $0.tensor.dtype.isFloatingPoint && $0.tensor.count > 0 }
    // The sum of a tensor's zeroes: NaN as soon as one of its numbers is not finite.
    var sums: [Tensor] = []
    for (_, tensor) in fractions { sums.append(try (tensor.detached() * 0).sum().to(.float32)) }
    guard !sums.isEmpty else { return nil }
    let found = try Tensor.stacked(sums, dimension: 0).floats()
    return zip(fractions, found).first { !$1.isFinite }?.0.name
}
