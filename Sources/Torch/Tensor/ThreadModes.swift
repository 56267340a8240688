import CTorch

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
