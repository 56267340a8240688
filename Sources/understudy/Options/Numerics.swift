import Torch

/// How GPUs compute, for the whole program.
struct Numerics {
    /// Whether products and convolutions of float32 may round their operands to TF32.
    var tensorFloat = false

    /// Whether two runs give the same bits, at the price of the algorithms that do not.
    var deterministic = false

    /// Precision `fp32` of a recipe is float32 throughout: PyTorch, by default, computes
    /// convolutions in TF32. Who wants speed says `bf16`.
    static let standard = Numerics()

    /// Puts them in force. A training meets the same few shapes at every step, so cuDNN may spend
    /// its time on choosing the fastest algorithm for each; the choice is not the same each time.
    func set() throws(TorchError) {
        try Device.setCUDANumerics(
            tensorFloat: tensorFloat, timesConvolutions: !deterministic,
            deterministic: deterministic)
    }
}
