import CTorch

extension Tensor {
    /// A tensor of zeros.
    ///
    /// - Throws: `TorchError` for a negative length, no memory or no such device.
    package static func zeros(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try full(shape, 0, dtype: dtype, device: device)
    }

    /// A tensor of ones.
    package static func ones(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try full(shape, 1, dtype: dtype, device: device)
    }

    /// A tensor whose elements are whatever the memory held.
    package static func empty(
        _ shape: [Int], dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try make("empty") { _, out, error in
            ct_empty(
                shape.int64, Int32(shape.count), dtype.code, device.kind, device.index, out, error)
        }
    }

    /// A tensor with one value everywhere.
    package static func full(
        _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try make("full") { _, out, error in
            ct_full(
                shape.int64, Int32(shape.count), value, dtype.code, device.kind, device.index, out,
                error)
        }
    }

    /// A float32 tensor of the values, in row-major order.
    ///
    /// - Throws: `TorchError` if the count is not the shape's product.
    package convenience init(
        _ values: [Float], shape: [Int], device: Device = .cpu
    ) throws(TorchError) {
        try self.init(elements: values, shape: shape, dtype: .float32, device: device)
    }

    /// An int64 tensor of the values, in row-major order.
    ///
    /// - Throws: `TorchError` if the count is not the shape's product.
    package convenience init(
        _ values: [Int64], shape: [Int], device: Device = .cpu
    ) throws(TorchError) {
        try self.init(elements: values, shape: shape, dtype: .int64, device: device)
    }

    /// A uint8 tensor of the values, in row-major order.
    ///
    /// - Throws: `TorchError` if the count is not the shape's product.
    package convenience init(
        _ values: [UInt8], shape: [Int], device: Device = .cpu
    ) throws(TorchError) {
        try self.init(elements: values, shape: shape, dtype: .uint8, device: device)
    }

    /// A tensor on the CPU with a copy of the bytes, in row-major order and the machine's byte
    /// order.
    ///
    /// - Throws: `TorchError` if the number of bytes is not the shape's product times the
    ///   element's size, or if a bool's byte is neither 0 nor 1.
    package convenience init(
        copying bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType
    ) throws(TorchError) {
        let operation = "tensor"
        guard let expected = shape.byteCount(of: dtype) else {
            throw .shape(operation, expected: "a shape that fits in memory", found: "\(shape)")
        }
        guard bytes.count == expected else {
            throw .shape(
                operation, expected: "\(expected) bytes for \(shape) \(dtype.rawValue)",
                found: "\(bytes.count)")
        }
        var made: OpaquePointer?
        try Tensor.call(operation) { error in
            ct_from_bytes(
                bytes.baseAddress, Int64(bytes.count), shape.int64, Int32(shape.count), dtype.code,
                &made, error)
        }
        guard let made else {
            throw TorchError(operation: operation, message: "the operation made no tensor")
        }
        self.init(adopting: made)
    }

    private convenience init<Element: BitwiseCopyable>(
        elements: [Element], shape: [Int], dtype: DType, device: Device
    ) throws(TorchError) {
        // The count of elements makes a clearer message than the count of bytes.
        guard let expected = shape.product, expected == elements.count else {
            throw .shape(
                "tensor", expected: "\(shape.product.map(String.init) ?? "no") values for \(shape)",
                found: "\(elements.count)")
        }
        let tensor = try elements.withUnsafeBufferPointer { (buffer) throws(TorchError) in
            try Tensor(copying: UnsafeRawBufferPointer(buffer), shape: shape, dtype: dtype)
        }
        // A second handle to the same tensor: an initializer cannot return another object.
        var made: OpaquePointer?
        try Tensor.run("tensor", [tensor]) {
            ct_to_device($0[0], device.kind, device.index, &made, $1)
        }
        guard let made else {
            throw TorchError(operation: "tensor", message: "the operation made no tensor")
        }
        self.init(adopting: made)
    }
}
