import CTorch

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
