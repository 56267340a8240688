import CTorch

extension Tensor {
    /// The values in row-major order, from any device.
    ///
    /// - Throws: `TorchError` for int64, whose values a float cannot hold.
    package func floats() throws(TorchError) -> [Float] {
        guard dtype != .int64 else {
            throw .shape("floats", expected: "a floating, uint8 or bool tensor", found: "int64")
        }
        return try to(.float32).elements("floats", fill: Float(0))
    }

    /// The values of an int64, uint8 or bool tensor in row-major order, from any device.
    package func int64s() throws(TorchError) -> [Int64] {
        guard !dtype.isFloatingPoint else {
            throw .shape(
                "int64s", expected: "an int64, uint8 or bool tensor", found: dtype.rawValue)
        }
        return try to(.int64).elements("int64s", fill: Int64(0))
    }

    /// The values of a uint8 tensor in row-major order, from any device.
    package func bytes() throws(TorchError) -> [UInt8] {
        guard dtype == .uint8 else {
            throw .shape("bytes", expected: "a uint8 tensor", found: dtype.rawValue)
        }
        return try elements("bytes", fill: UInt8(0))
    }

    /// The value of a tensor with one element.
    package func item() throws(TorchError) -> Double {
        var value = 0.0
        try Tensor.run("item", [self]) { ct_item($0[0], &value, $1) }
        return value
    }

    /// Writes the elements in row-major order, in their own dtype, from any device.
    ///
    /// - Throws: `TorchError` if the buffer's size is not the tensor's.
    package func copyBytes(into buffer: UnsafeMutableRawBufferPointer) throws(TorchError) {
        try Tensor.run("copyBytes", [self]) {
            ct_copy_bytes($0[0], buffer.baseAddress, Int64(buffer.count), $1)
        }
    }

    /// The values as another type; `self` if it is already of it.
    package func to(_ dtype: DType) throws(TorchError) -> Tensor {
        try Tensor.make("to", [self]) { ct_to_dtype($0[0], dtype.code, $1, $2) }
    }

    /// The tensor on another device; `self` if it is already there.
    ///
    /// Returns when the copy is whole, from page-locked memory too, so that whoever owns the memory
    /// may write there again.
    package func to(_ device: Device) throws(TorchError) -> Tensor {
        try Tensor.make("to", [self]) {
            ct_to_device($0[0], device.kind, device.index, $1, $2)
        }
    }

    /// The same elements, shared, without gradient history.
    package func detached() throws(TorchError) -> Tensor {
        try Tensor.make("detached", [self]) { ct_detach($0[0], $1, $2) }
    }

    /// A copy that shares nothing with `self`; gradients flow through it.
    package func cloned() throws(TorchError) -> Tensor {
        try Tensor.make("cloned", [self]) { ct_clone($0[0], $1, $2) }
    }

    private func elements<Element: BitwiseCopyable>(
        _ operation: String, fill: Element
    ) throws(TorchError) -> [Element] {
        var values = [Element](repeating: fill, count: count)
        try values.withUnsafeMutableBufferPointer { (buffer) throws(TorchError) in
            try copyBytes(into: UnsafeMutableRawBufferPointer(buffer))
        }
        return values
    }
}
