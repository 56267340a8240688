import CTorch

/// Where a tensor lives.
package enum Device: Hashable, Sendable, CustomStringConvertible {
    /// Main memory.
    case cpu
    /// The n-th visible NVIDIA GPU, from 0.
    case cuda(Int)

    /// Reads `cpu`, `cuda` (the first GPU) or `cuda:1`. Says nothing about whether it exists.
    ///
    /// - Throws: `TorchError` naming the accepted forms.
    package init(parsing text: String) throws(TorchError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("cpu", 1):
            self = .cpu
        case ("cuda", 1):
            self = .cuda(0)
        case ("cuda", 2):
            // Int("+1") would pass; the limit is libtorch's 8-bit device index.
            guard parts[1].utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
                let index = Int8(parts[1])
            else { fallthrough }
            self = .cuda(Int(index))
        default:
            throw .shape("device", expected: "cpu, cuda or cuda:N", found: "'\(text)'")
        }
    }

    /// `cpu` or `cuda:0`.
    package var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        }
    }

    /// The number of visible CUDA devices, at least 1.
    ///
    /// Ask before any operation on the CPU: libtorch looks for its CUDA half once, at the first
    /// that might need it, and autograd fixes its list of devices at the first `backward()`.
    ///
    /// - Throws: `TorchError` if libtorch has no CUDA half, a library of it is missing, or no
    ///   device is visible.
    package static func cudaCount() throws(TorchError) -> Int {
        var devices: Int32 = 0
        try Tensor.call("cuda") { ct_cuda_load(&devices, $0) }
        return Int(devices)
    }

    var kind: Int32 {
        switch self {
        case .cpu: Int32(CT_CPU)
        case .cuda: Int32(CT_CUDA)
        }
    }

    var index: Int32 {
        switch self {
        case .cpu: 0
        case .cuda(let index): Int32(clamping: index)
        }
    }
}
