import CTorch

// MARK: - Operators

// Operators broadcast and promote as PyTorch does. They throw as named operations do: there may be no
// memory for a result, and one `try` covers a formula. A Double with an int64, uint8 or bool tensor
// gives float32.
extension Tensor {
    /// The sum, with broadcasting.
    package static func + (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try make("+", [left, right]) { ct_add($0[0], $0[1], $1, $2) }
    }

    /// The difference, with broadcasting.
    package static func - (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try make("-", [left, right]) { ct_subtract($0[0], $0[1], $1, $2) }
    }

    /// The elementwise product, with broadcasting.
    package static func * (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try make("*", [left, right]) { ct_multiply($0[0], $0[1], $1, $2) }
    }

    /// The elementwise quotient, with broadcasting; of integers, a fraction.
    package static func / (left: Tensor, right: Tensor) throws(TorchError) -> Tensor {
        try make("/", [left, right]) { ct_divide($0[0], $0[1], $1, $2) }
    }

    /// Every element plus a number.
    package static func + (left: Tensor, right: Double) throws(TorchError) -> Tensor {
        try make("+", [left]) { ct_add_scalar($0[0], right, $1, $2) }
    }

    /// Every element minus a number.
    package static func - (left: Tensor, right: Double) throws(TorchError) -> Tensor {
        try make("-", [left]) { ct_add_scalar($0[0], -right, $1, $2) }
    }

    /// Every element times a number.
    package static func * (left: Tensor, right: Double) throws(TorchError) -> Tensor {
        try make("*", [left]) { ct_multiply_scalar($0[0], right, $1, $2) }
    }

    /// Every element divided by a number.
    package static func / (left: Tensor, right: Double) throws(TorchError) -> Tensor {
        try make("/", [left]) { ct_divide_scalar($0[0], right, $1, $2) }
    }

    /// A number plus every element.
    package static func + (left: Double, right: Tensor) throws(TorchError) -> Tensor {
        try right + left
    }

    /// A number minus every element.
    package static func - (left: Double, right: Tensor) throws(TorchError) -> Tensor {
        try make("-", [right]) { ct_scalar_subtract(left, $0[0], $1, $2) }
    }

    /// A number times every element.
    package static func * (left: Double, right: Tensor) throws(TorchError) -> Tensor {
        try right * left
    }

    /// A number divided by every element.
    package static func / (left: Double, right: Tensor) throws(TorchError) -> Tensor {
        try make("/", [right]) { ct_scalar_divide(left, $0[0], $1, $2) }
    }

    /// Every element negated.
    package static prefix func - (tensor: Tensor) throws(TorchError) -> Tensor {
        try make("-", [tensor]) { ct_negative($0[0], $1, $2) }
    }
}

// MARK: - Elementwise

extension Tensor {
    /// The natural logarithm of every element.
    package func log() throws(TorchError) -> Tensor {
        try Tensor.make("log", [self]) { ct_log($0[0], $1, $2) }
    }

    /// The square root of every element.
    package func sqrt() throws(TorchError) -> Tensor {
        try Tensor.make("sqrt", [self]) { ct_sqrt($0[0], $1, $2) }
    }

    /// The square of every element.
    package func square() throws(TorchError) -> Tensor {
        try Tensor.make("square", [self]) { ct_square($0[0], $1, $2) }
    }

    /// Every element moved into `min ... max`; nil leaves a side open, and one must be given.
    package func clamped(min: Double? = nil, max: Double? = nil) throws(TorchError) -> Tensor {
        try Tensor.make("clamped", [self]) {
            ct_clamp($0[0], min != nil, min ?? 0, max != nil, max ?? 0, $1, $2)
        }
    }

    // swift-format-ignore: AlwaysUseLowerCamelCase
    /// The elements of `self` where the condition holds, those of `other` elsewhere.
    ///
    /// - Parameter condition: bool, broadcast like `other`.
    package func where_(_ condition: Tensor, _ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor.make(
            "where_", [condition, self, other], expected: "a bool condition and shapes that agree"
        ) {
            ct_where($0[0], $0[1], $0[2], $1, $2)
        }
    }

    /// Whether every element is above the bound: a bool tensor.
    package func greater(than bound: Double) throws(TorchError) -> Tensor {
        try Tensor.make("greater", [self]) { ct_greater_scalar($0[0], bound, $1, $2) }
    }

    /// Whether every element equals the other's, with broadcasting: a bool tensor.
    package func equal(to other: Tensor) throws(TorchError) -> Tensor {
        try Tensor.make("equal", [self, other], expected: "shapes that agree") {
            ct_equal($0[0], $0[1], $1, $2)
        }
    }

    /// Whether every element is neither infinite nor NaN: a bool tensor.
    package func isFinite() throws(TorchError) -> Tensor {
        try Tensor.make("isFinite", [self]) { ct_is_finite($0[0], $1, $2) }
    }
}

extension Tensor {
    /// Normalizes a group of 8-bit images and mixes each with its partner, in one operation.
    ///
    /// The partner of member i is member N - 1 - i. Values are `(x / 255 - mean) / deviation` in
    /// float32, mixed afterwards. On the CPU this is one pass over the pixels; elsewhere it is put
    /// together from libtorch's operations.
    ///
    /// - Parameters:
    ///   - mean: of each channel, in 0…1.
    ///   - deviation: of each channel, in 0…1.
    ///   - lambda: the member's own share of every pixel; 1 mixes nothing.
    ///   - box: what is taken whole from the partner instead: x, y, width, height in pixels.
    /// - Returns: `[N, 3, H, W]`, float32, channels last in memory.
    /// - Throws: `TorchError` unless `self` is `[N, H, W, 3]`, uint8, contiguous.
    package func normalizedViews(
        mean: [Double], deviation: [Double], lambda: Double = 1,
        box: (x: Int, y: Int, width: Int, height: Int)? = nil
    ) throws(TorchError) -> Tensor {
        precondition(mean.count == 3 && deviation.count == 3, "three channels")
        let bounds = box.map { [$0.x, $0.y, $0.width, $0.height].map(Int64.init) }
        return try Self.make("mix views", [self]) { handles, out, error in
            ct_mix_views(handles[0], mean, deviation, lambda, bounds, out, error)
        }
    }
}

// MARK: - Products

extension Tensor {
    /// The product of the last two dimensions' matrices, the others broadcast.
    ///
    /// - Parameter other: `[…, K, N]` for `[…, M, K]`.
    package func matrixProduct(_ other: Tensor) throws(TorchError) -> Tensor {
        try Tensor.make("matrixProduct", [self, other], expected: "[…, M, K] and […, K, N]") {
            ct_matmul($0[0], $0[1], $1, $2)
        }
    }
}
