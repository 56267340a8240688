import CTorch

extension Device {
    /// Waits until the device has done all that it was given: operations on a GPU return before.
    ///
    /// - Throws: `TorchError` for an operation that failed there meanwhile.
    package func synchronize() throws(TorchError) {
        try Tensor.call("synchronize") { ct_synchronize(kind, index, $0) }
    }

    /// The most bytes that tensors have taken at once on a GPU; `nil` on the CPU, where nobody
    /// counts them.
    package func peakMemory() throws(TorchError) -> Int? {
        guard case .cuda(let index) = self else { return nil }
        var bytes: Int64 = 0
        try Tensor.call("memory") { ct_cuda_peak_memory(Int32(clamping: index), &bytes, $0) }
        return Int(bytes)
    }

    /// Sets how GPUs compute in float32. A program calls it once, at its start; a library leaves
    /// the choice to its program. It neither needs nor loads CUDA.
    ///
    /// - Parameters:
    ///   - tensorFloat: whether matrix products and convolutions of float32 round their operands to
    ///     TF32, which keeps 10 bits of 23. PyTorch's default is to round those of convolutions.
    ///   - timesConvolutions: whether cuDNN tries all its algorithms for each new shape and takes
    ///     the fastest, so that two runs may take two, and differ by rounding.
    package static func setCUDANumerics(
        tensorFloat: Bool, timesConvolutions: Bool
    ) throws(TorchError) {
        try Tensor.call("numerics") { ct_cuda_numerics(tensorFloat, timesConvolutions, $0) }
    }
}
