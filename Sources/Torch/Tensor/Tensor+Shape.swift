import CTorch

extension Tensor {
    /// The same elements in another shape; one length may be −1.
    ///
    /// - Throws: `TorchError` if the counts differ.
    package func reshaped(_ shape: [Int]) throws(TorchError) -> Tensor {
        try Tensor.make("reshaped", [self], expected: "elements for \(shape)") {
            ct_reshape($0[0], shape.int64, Int32(shape.count), $1, $2)
        }
    }

    /// A view with two dimensions swapped; negative ones count from the end.
    package func transposed(_ first: Int, _ second: Int) throws(TorchError) -> Tensor {
        try Tensor.make("transposed", [self]) {
            ct_transpose($0[0], Int64(first), Int64(second), $1, $2)
        }
    }

    /// A view with the dimensions in the given order.
    package func permuted(_ order: [Int]) throws(TorchError) -> Tensor {
        try Tensor.make("permuted", [self], expected: "\(order.count) dimensions for \(order)") {
            ct_permute($0[0], order.int64, Int32(order.count), $1, $2)
        }
    }

    /// A view of `count` entries of a dimension from `start`.
    package func narrowed(dimension: Int, start: Int, count: Int) throws(TorchError) -> Tensor {
        try Tensor.make(
            "narrowed", [self],
            expected: "entries \(start) to \(start &+ count) in dimension \(dimension)"
        ) {
            ct_narrow($0[0], Int64(dimension), Int64(start), Int64(count), $1, $2)
        }
    }

    /// A view of one entry of a dimension, which disappears.
    package func selected(dimension: Int, index: Int) throws(TorchError) -> Tensor {
        try Tensor.make(
            "selected", [self], expected: "entry \(index) in dimension \(dimension)"
        ) {
            ct_select($0[0], Int64(dimension), Int64(index), $1, $2)
        }
    }

    /// All dimensions from `from` on merged into one.
    package func flattened(from: Int = 0) throws(TorchError) -> Tensor {
        try Tensor.make("flattened", [self], expected: "a dimension \(from)") {
            ct_flatten($0[0], Int64(from), $1, $2)
        }
    }

    /// A view that repeats dimensions of length 1, without copying; −1 keeps a length.
    package func expanded(_ shape: [Int]) throws(TorchError) -> Tensor {
        try Tensor.make("expanded", [self], expected: "a shape that expands to \(shape)") {
            ct_expand($0[0], shape.int64, Int32(shape.count), $1, $2)
        }
    }

    /// A copy with the given dimensions reversed.
    package func flipped(_ dimensions: [Int]) throws(TorchError) -> Tensor {
        try Tensor.make("flipped", [self]) {
            ct_flip($0[0], dimensions.int64, Int32(dimensions.count), $1, $2)
        }
    }

    /// The tensor with its elements in the given order in memory; a copy only if they are not.
    ///
    /// - Throws: `TorchError` for `.channelsLast` unless the rank is 4.
    package func contiguous(_ format: MemoryFormat = .contiguous) throws(TorchError) -> Tensor {
        try Tensor.make("contiguous", [self]) { ct_contiguous($0[0], format.code, $1, $2) }
    }

    /// Tensors joined along a dimension that they have.
    ///
    /// - Throws: `TorchError` if another dimension differs or the list is empty.
    package static func concatenated(
        _ tensors: [Tensor], dimension: Int
    ) throws(TorchError) -> Tensor {
        try make(
            "concatenated", tensors,
            expected: "shapes that differ only in dimension \(dimension)"
        ) {
            ct_concatenate($0, Int32($0.count), Int64(dimension), $1, $2)
        }
    }

    /// Tensors of one shape joined along a new dimension.
    ///
    /// - Throws: `TorchError` if the shapes differ or the list is empty.
    package static func stacked(
        _ tensors: [Tensor], dimension: Int = 0
    ) throws(TorchError) -> Tensor {
        try make("stacked", tensors, expected: "tensors of one shape") {
            ct_stack($0, Int32($0.count), Int64(dimension), $1, $2)
        }
    }

    /// The entries of a dimension that a 1-dimensional int64 tensor names, in its order.
    package func indexSelected(dimension: Int, index: Tensor) throws(TorchError) -> Tensor {
        try Tensor.make(
            "indexSelected", [self, index],
            expected: "an int64 vector of entries of dimension \(dimension)"
        ) {
            ct_index_select($0[0], Int64(dimension), $0[1], $1, $2)
        }
    }

    /// The int64 indicator rows of int64 classes: `[…]` to `[…, classes]`.
    ///
    /// - Throws: `TorchError` if a class is negative or not below `classes`.
    package func oneHot(classes: Int) throws(TorchError) -> Tensor {
        try Tensor.make(
            "oneHot", [self], expected: "int64 classes in 0 ..< \(classes)"
        ) {
            ct_one_hot($0[0], Int64(classes), $1, $2)
        }
    }
}

extension [Int] {
    /// As the shim's integers.
    var int64: [Int64] { map(Int64.init) }
}
