import CTorch

/// A seeded source of random numbers for CPU tensors: PyTorch's `torch.Generator`, same numbers.
///
/// There is no global generator in this module, so draws depend on nothing but seed and order.
package final class RandomGenerator {
    private let handle: OpaquePointer

    /// Starts a sequence.
    ///
    /// - Throws: `TorchError` if memory is short.
    package init(seed: UInt64) throws(TorchError) {
        var made: OpaquePointer?
        try Tensor.call("generator") { ct_generator_new(seed, &made, $0) }
        guard let made else {
            throw TorchError(operation: "generator", message: "no generator was made")
        }
        handle = made
    }

    deinit { ct_generator_free(handle) }

    /// Lends the handle and keeps the generator alive until the body returns.
    func withHandle<R>(_ body: (OpaquePointer) -> R) -> R {
        withExtendedLifetime(self) { body(handle) }
    }
}
