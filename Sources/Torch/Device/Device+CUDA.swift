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

    /// Sets how GPUs compute. A program calls it at its start; a library leaves the choice to its
    /// program. It neither needs nor loads CUDA.
    ///
    /// - Parameters:
    ///   - tensorFloat: whether matrix products and convolutions of float32 round their operands to
    ///     TF32, which keeps 10 bits of 23. PyTorch's default is to round those of convolutions.
    ///   - timesConvolutions: whether cuDNN tries all its algorithms for each new shape and takes
    ///     the fastest, so that two runs may take two, and differ by rounding.
    ///   - deterministic: whether only algorithms are taken whose sums have a fixed order. An
    ///     operation that has none then throws.
    package static func setCUDANumerics(
        tensorFloat: Bool, timesConvolutions: Bool, deterministic: Bool
    ) throws(TorchError) {
        try Tensor.call("numerics") {
            ct_cuda_numerics(tensorFloat, timesConvolutions, deterministic, $0)
        }
    }
}

/// An NVIDIA GPU, as its driver describes it.
package struct CUDADevice: Sendable, Equatable {
    /// Its place among the visible ones.
    package let index: Int
    /// `NVIDIA H100 80GB HBM3`.
    package let name: String
    /// The compute capability: `9.0`.
    package let capability: String
    /// Streaming multiprocessors.
    package let multiprocessors: Int
    /// Memory in all, in bytes.
    package let memory: Int

    /// Asks the driver.
    ///
    /// - Throws: `TorchError` as `Device.cudaCount`, or if the driver does not answer.
    package init(index: Int) throws(TorchError) {
        var found = ct_cuda_device()
        try Tensor.call("cuda") { ct_cuda_describe(Int32(clamping: index), &found, $0) }
        self.index = index
        name = withUnsafeBytes(of: found.name) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        capability = "\(found.major).\(found.minor)"
        multiprocessors = Int(found.multiprocessors)
        memory = Int(found.memory)
    }
}

/// The versions of what stands between libtorch and a GPU.
package struct CUDAVersions: Sendable, Equatable {
    /// The driver's, as NVIDIA names it, `580.159.04`; `nil` where it does not say.
    package let driver: String?
    /// Of the CUDA runtime: `13.0`.
    package let runtime: String
    /// Of cuDNN, `9.19.0`; `nil` without it.
    package let cuDNN: String?

    /// Asks the libraries.
    ///
    /// - Throws: `TorchError` as `Device.cudaCount`.
    package init() throws(TorchError) {
        var found = ct_cuda_version()
        try Tensor.call("cuda") { ct_cuda_versions(&found, $0) }
        let driver = withUnsafeBytes(of: found.driver) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        self.driver = driver.isEmpty ? nil : driver
        runtime = "\(found.runtime / 1000).\(found.runtime % 1000 / 10)"
        let number = found.cudnn
        cuDNN =
            number == 0 ? nil : "\(number / 10_000).\(number % 10_000 / 100).\(number % 100)"
    }
}
