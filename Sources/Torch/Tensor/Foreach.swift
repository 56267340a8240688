import CTorch

/// One operation over whole lists of tensors: one launch on a GPU instead of hundreds.
///
/// Lists that go together have equal length and, pair by pair, equal shapes (or a factor or divisor
/// that broadcasts). Functions that return nothing write into the first list; on parameters that
/// require gradients call them inside `withoutGrad`. Empty lists are allowed.
package enum Foreach {
    /// The Euclidean norm of each tensor, as scalars.
    package static func norms(_ a: [Tensor]) throws(TorchError) -> [Tensor] {
        try make("Foreach.norms", a) { ct_foreach_norm($0, $1, $2, $3) }
    }

    /// a += scale · b.
    package static func add(
        _ a: [Tensor], _ b: [Tensor], scale: Double = 1
    ) throws(TorchError) {
        try update("Foreach.add", a, b) { ct_foreach_add_($0, $1, $2, scale, $3) }
    }

    /// a += scalar.
    package static func add(_ a: [Tensor], scalar: Double) throws(TorchError) {
        try update("Foreach.add", a) { ct_foreach_add_scalar_($0, $1, scalar, $2) }
    }

    /// a *= factor.
    package static func multiply(_ a: [Tensor], by factor: Double) throws(TorchError) {
        try update("Foreach.multiply", a) { ct_foreach_multiply_scalar_($0, $1, factor, $2) }
    }

    /// a *= b.
    package static func multiply(_ a: [Tensor], by b: [Tensor]) throws(TorchError) {
        try update("Foreach.multiply", a, b) { ct_foreach_multiply_($0, $1, $2, $3) }
    }

    /// a /= divisor.
    package static func divide(_ a: [Tensor], by divisor: Double) throws(TorchError) {
        try update("Foreach.divide", a) { ct_foreach_divide_scalar_($0, $1, divisor, $2) }
    }

    /// a /= b.
    package static func divide(_ a: [Tensor], by b: [Tensor]) throws(TorchError) {
        try update("Foreach.divide", a, b) { ct_foreach_divide_($0, $1, $2, $3) }
    }

    /// a += scale · b · c.
    package static func addProducts(
        _ a: [Tensor], _ b: [Tensor], _ c: [Tensor], scale: Double = 1
    ) throws(TorchError) {
        try update("Foreach.addProducts", a, b, c) {
            ct_foreach_add_products_($0, $1, $2, $3, scale, $4)
        }
    }

    /// a += scale · b / c.
    package static func addQuotients(
        _ a: [Tensor], _ b: [Tensor], _ c: [Tensor], scale: Double = 1
    ) throws(TorchError) {
        try update("Foreach.addQuotients", a, b, c) {
            ct_foreach_add_quotients_($0, $1, $2, $3, scale, $4)
        }
    }

    /// a += weight · (b − a).
    package static func lerp(
        _ a: [Tensor], to b: [Tensor], weight: Double
    ) throws(TorchError) {
        try update("Foreach.lerp", a, b) { ct_foreach_lerp_($0, $1, $2, weight, $3) }
    }

    /// The square roots.
    package static func sqrt(_ a: [Tensor]) throws(TorchError) -> [Tensor] {
        try make("Foreach.sqrt", a) { ct_foreach_sqrt($0, $1, $2, $3) }
    }

    /// factor · a.
    package static func multiplying(
        _ a: [Tensor], by factor: Double
    ) throws(TorchError) -> [Tensor] {
        try make("Foreach.multiplying", a) {
            ct_foreach_multiply_scalar($0, $1, factor, $2, $3)
        }
    }

    /// Overwrites each tensor, converting dtype and device.
    package static func copy(_ to: [Tensor], from: [Tensor]) throws(TorchError) {
        for (target, source) in zip(to, from) where target.shape != source.shape {
            throw .shape("Foreach.copy", expected: "\(target.shape)", found: "\(source.shape)")
        }
        try update("Foreach.copy", to, from) { ct_foreach_copy_($0, $1, $2, $3) }
    }
}

// MARK: - Calls into the shim

extension Foreach {
    private typealias Handles = [OpaquePointer?]

    private static func update(
        _ operation: String, _ a: [Tensor], _ body: (Handles, Int32, Tensor.Failure) -> Int32
    ) throws(TorchError) {
        if a.isEmpty { return }
        try Tensor.run(operation, a) { body($0, Int32($0.count), $1) }
    }

    private static func update(
        _ operation: String, _ a: [Tensor], _ b: [Tensor],
        _ body: (Handles, Handles, Int32, Tensor.Failure) -> Int32
    ) throws(TorchError) {
        try check(operation, a, b)
        if a.isEmpty { return }
        try Tensor.run(operation, a + b) { handles, error in
            let (first, second) = (handles.prefix(a.count), handles.suffix(a.count))
            return body(Array(first), Array(second), Int32(a.count), error)
        }
    }

    private static func update(
        _ operation: String, _ a: [Tensor], _ b: [Tensor], _ c: [Tensor],
        _ body: (Handles, Handles, Handles, Int32, Tensor.Failure) -> Int32
    ) throws(TorchError) {
        try check(operation, a, b)
        try check(operation, a, c)
        if a.isEmpty { return }
        let count = a.count
        try Tensor.run(operation, a + b + c) { handles, error in
            body(
                Array(handles[..<count]), Array(handles[count..<2 * count]),
                Array(handles[(2 * count)...]), Int32(count), error)
        }
    }

    private static func make(
        _ operation: String, _ a: [Tensor],
        _ body: (Handles, Int32, Tensor.Result, Tensor.Failure) -> Int32
    ) throws(TorchError) -> [Tensor] {
        if a.isEmpty { return [] }
        var made = Handles(repeating: nil, count: a.count)
        try Tensor.run(operation, a) { body($0, Int32($0.count), &made, $1) }
        return made.compactMap { $0.map(Tensor.init(adopting:)) }
    }

    private static func check(
        _ operation: String, _ a: [Tensor], _ b: [Tensor]
    ) throws(TorchError) {
        guard a.count == b.count else {
            throw .shape(
                operation, expected: "lists of equal length", found: "\(a.count) and \(b.count)")
        }
    }
}
