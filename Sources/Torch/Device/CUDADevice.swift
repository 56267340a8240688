import CTorch

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
