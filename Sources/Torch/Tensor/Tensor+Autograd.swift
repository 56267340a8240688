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
