import CTorch

// These write into `self` and into every view of the same elements. A parameter that requires
// gradients can be written only inside `withoutGrad`.
extension Tensor {
    /// Overwrites the elements with another tensor's, converting dtype and device.
    ///
    /// - Throws: `TorchError` if the shapes differ: nothing is broadcast.
    package func copy(from source: Tensor) throws(TorchError) {
        let (expected, found) = (shape, source.shape)
        guard expected == found else {
            throw .shape("copy", expected: "\(expected)", found: "\(found)")
        }
        try Tensor.run("copy", [self, source]) { ct_copy_($0[0], $0[1], $1) }
    }

    /// Adds `scale · other`, which may be broadcast.
    package func add(_ other: Tensor, scale: Double = 1) throws(TorchError) {
        try Tensor.run("add", [self, other], expected: "a term that broadcasts to \(shape)") {
            ct_add_($0[0], $0[1], scale, $1)
        }
    }

    /// Multiplies every element.
    package func multiply(by factor: Double) throws(TorchError) {
        try Tensor.run("multiply", [self]) { ct_multiply_($0[0], factor, $1) }
    }

    /// Sets every element.
    package func fill(_ value: Double) throws(TorchError) {
        try Tensor.run("fill", [self]) { ct_fill_($0[0], value, $1) }
    }

    /// Draws every element evenly from `from ..< to`. CPU tensors only, as for all draws.
    package func uniform(
        from: Double, to: Double, generator: RandomGenerator
    ) throws(TorchError) {
        try draw("uniform", generator) { ct_uniform_($0, from, to, $1, $2) }
    }

    /// Draws every element from a normal distribution.
    package func normal(
        mean: Double = 0, std: Double, generator: RandomGenerator
    ) throws(TorchError) {
        try draw("normal", generator) { ct_normal_($0, mean, std, $1, $2) }
    }

    /// Draws every element from a normal distribution with mean 0, cut to −2 … 2 in absolute
    /// terms, not in deviations; so with the usual 0.02 nothing is ever cut.
    ///
    /// Source: timm 1.0.31, `layers/weight_init.py`, `trunc_normal_` (same draws for one seed).
    ///
    /// - Throws: `TorchError` unless the deviation is positive.
    package func truncatedNormal(std: Double, generator: RandomGenerator) throws(TorchError) {
        guard std > 0 else {
            throw .shape("truncatedNormal", expected: "a positive deviation", found: "\(std)")
        }
        try draw("truncatedNormal", generator) { ct_truncated_normal_($0, std, -2, 2, $1, $2) }
    }

    private func draw(
        _ operation: String, _ generator: RandomGenerator,
        _ body: (OpaquePointer?, OpaquePointer, Failure) -> Int32
    ) throws(TorchError) {
        try Tensor.run(operation, [self]) { handles, error in
            generator.withHandle { body(handles[0], $0, error) }
        }
    }
}
