import CTorch

extension Tensor {
    /// Starts or stops recording operations on this tensor.
    ///
    /// - Throws: `TorchError` for integers, and for stopping at a computed tensor.
    package func setRequiresGrad(_ value: Bool) throws(TorchError) {
        try Tensor.run("setRequiresGrad", [self]) { ct_set_requires_grad($0[0], value, $1) }
    }

    /// Adds the derivative of this scalar to the gradient of every tensor that requires one.
    ///
    /// - Throws: `TorchError` if this is not a scalar, was computed without gradients, or was
    ///   differentiated before.
    package func backward() throws(TorchError) {
        try Tensor.run("backward", [self]) { ct_backward($0[0], $1) }
    }

    /// What `backward()` has accumulated; nil before the first or after `setGrad(nil)`.
    ///
    /// It shares the elements with the gradient that later calls add to.
    package var grad: Tensor? {
        get throws(TorchError) {
            var made: OpaquePointer?
            try Tensor.run("grad", [self]) { ct_grad($0[0], &made, $1) }
            return made.map(Tensor.init(adopting:))
        }
    }

    /// Replaces the gradient, or drops it for nil.
    ///
    /// - Throws: `TorchError` if shape, dtype or device differ from the tensor's.
    package func setGrad(_ grad: Tensor?) throws(TorchError) {
        try Tensor.run("setGrad", [self, grad]) { ct_set_grad($0[0], $0[1], $1) }
    }
}

// How the calling thread computes, for as long as a body runs.

/// Runs the body without recording operations for `backward()`.
///
/// The mode is the thread's, so the body is synchronous, and it is restored when the body throws.
package func withoutGrad<R, E>(_ body: () throws(E) -> R) throws(E) -> R {
    let previous = ct_set_grad_mode(false)
    defer { _ = ct_set_grad_mode(previous) }
    return try body()
}

/// Runs the body with matrix products and convolutions in a reduced precision.
///
/// libtorch's lists decide which operations are reduced and which stay in float32. The mode is the
/// thread's, so the body is synchronous, and it is restored when the body throws; casts of
/// parameters are cached until the outermost scope ends. Run `backward()` outside.
///
/// - Parameters:
///   - dtype: `.bfloat16` or `.float16`; nil switches autocast off inside.
///   - device: the kind of device whose operations are meant.
package func withAutocast<R, E>(
    _ dtype: DType?, on device: Device, _ body: () throws(E) -> R
) throws(E) -> R {
    precondition(
        dtype == nil || dtype == .bfloat16 || dtype == .float16,
        "autocast takes bfloat16 or float16")
    let previous = ct_autocast_enter(device.kind, dtype != nil, (dtype ?? .bfloat16).code)
    defer { ct_autocast_leave(previous) }
    return try body()
}
