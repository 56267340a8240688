import CTorch

extension Tensor {
    /// The sum over some dimensions, or over all for nil.
    ///
    /// - Parameter keepDimensions: whether summed dimensions stay with length 1.
    /// - Returns: the dtype of `self`; int64 for integers.
    package func sum(
        dimensions: [Int]? = nil, keepDimensions: Bool = false
    ) throws(TorchError) -> Tensor {
        try Tensor.make("sum", [self], expected: Tensor.axes(dimensions)) {
            ct_sum(
                $0[0], dimensions?.int64, Int32(dimensions?.count ?? 0), keepDimensions, $1, $2)
        }
    }

    /// The mean over some dimensions, or over all for nil.
    ///
    /// - Throws: `TorchError` for integers.
    package func mean(
        dimensions: [Int]? = nil, keepDimensions: Bool = false
    ) throws(TorchError) -> Tensor {
        try Tensor.make("mean", [self], expected: Tensor.axes(dimensions)) {
            ct_mean(
                $0[0], dimensions?.int64, Int32(dimensions?.count ?? 0), keepDimensions, $1, $2)
        }
    }

    /// The k largest values along a dimension, largest first, and their int64 indices.
    package func topK(
        _ k: Int, dimension: Int = -1
    ) throws(TorchError) -> (values: Tensor, indices: Tensor) {
        try Tensor.makePair(
            "topK", [self], expected: "at least \(k) entries in dimension \(dimension)"
        ) {
            ct_top_k($0[0], Int64(k), Int64(dimension), $1, $2, $3)
        }
    }

    /// The softmax along a dimension.
    package func softmax(dimension: Int = -1) throws(TorchError) -> Tensor {
        try Tensor.make("softmax", [self], expected: Tensor.axes([dimension])) {
            ct_softmax($0[0], Int64(dimension), $1, $2)
        }
    }

    /// The logarithm of the softmax along a dimension, without overflow.
    package func logSoftmax(dimension: Int = -1) throws(TorchError) -> Tensor {
        try Tensor.make("logSoftmax", [self], expected: Tensor.axes([dimension])) {
            ct_log_softmax($0[0], Int64(dimension), $1, $2)
        }
    }

    /// How many elements are NaN or infinite; none of an integer tensor's are.
    package func nonFiniteCount() throws(TorchError) -> Int {
        guard dtype.isFloatingPoint, count > 0 else { return 0 }
        // A sum is finite only if every term is: one pass without memory settles the usual case.
        if try sum().item().isFinite { return 0 }
        return try count - Int(isFinite().sum().item())
    }

    /// The rows of a matrix that hold a NaN or an infinity, in order.
    ///
    /// - Throws: `TorchError` unless the rank is 2.
    package func nonFiniteRows() throws(TorchError) -> [Int] {
        guard rank == 2 else {
            throw .shape("nonFiniteRows", expected: "a matrix", found: "\(shape)")
        }
        guard try nonFiniteCount() > 0 else { return [] }
        let finite = try isFinite().sum(dimensions: [1]).int64s()
        return finite.indices.filter { finite[$0] < shape[1] }
    }

    private static func axes(_ dimensions: [Int]?) -> String? {
        dimensions.map { $0.count == 1 ? "a dimension \($0[0])" : "dimensions \($0)" }
    }
}
