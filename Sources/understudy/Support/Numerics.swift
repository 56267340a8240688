import Torch

/// How GPUs compute in float32, for the whole program.
struct Numerics {
    /// Whether products and convolutions may round their operands to TF32.
    var tensorFloat: Bool

    /// Precision `fp32` of a recipe is float32 throughout: PyTorch, by default, computes
    /// convolutions in TF32. Who wants speed says `bf16`.
    static let standard = Numerics(tensorFloat: false)

    func with(tensorFloat: Bool) -> Numerics { Numerics(tensorFloat: tensorFloat) }

    /// Puts them in force. A training meets the same few shapes at every step, so cuDNN may spend
    /// its time on choosing the fastest algorithm for each.
    func set() throws(TorchError) {
        try Device.setCUDANumerics(tensorFloat: tensorFloat, timesConvolutions: true)
    }
}
