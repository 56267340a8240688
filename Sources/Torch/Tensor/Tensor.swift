import CTorch
import Glibc

/// An array of numbers with a shape, on a device, with gradients recorded by libtorch.
///
/// Operations return new tensors (views where libtorch makes views); methods named in the
/// imperative and found in `Tensor+InPlace.swift` write into `self`. Operations, arithmetic operators
/// included, throw a `TorchError` with the expected and found shapes; one `try` covers a formula.
///
/// A tensor belongs to one thread at a time: it is not `Sendable`.
package final class Tensor {
    /// Private, and lent only by `withHandle` and `withHandles`. ARC may free an object right after
    /// its last use, so a handle read out of a temporary would dangle inside the call it is for.
    private let handle: OpaquePointer

    /// Takes over a handle that the shim made.
    init(adopting handle: OpaquePointer) {
        self.handle = handle
    }

    deinit { ct_tensor_free(handle) }

    /// Lends the handle and keeps the tensor alive until the body returns.
    func withHandle<R>(_ body: (OpaquePointer) -> R) -> R {
        withExtendedLifetime(self) { body(handle) }
    }

    /// Lends the handles of a list, null for an absent tensor, and keeps all alive.
    static func withHandles<R>(_ tensors: [Tensor?], _ body: ([OpaquePointer?]) -> R) -> R {
        withExtendedLifetime(tensors) { body(tensors.map { $0?.handle }) }
    }
}

// MARK: - Properties

extension Tensor: CustomStringConvertible {
    /// The length of each dimension; empty for a scalar.
    package var shape: [Int] {
        withHandle { handle in
            let rank = Int(ct_rank(handle))
            return withUnsafeTemporaryAllocation(of: Int64.self, capacity: rank) { lengths in
                ct_shape(handle, lengths.baseAddress)
                return lengths.prefix(rank).map(Int.init)
            }
        }
    }

    /// The number of dimensions.
    package var rank: Int { withHandle { Int(ct_rank($0)) } }

    /// The number of elements.
    package var count: Int { shape.reduce(1, *) }

    /// The type of the elements.
    package var dtype: DType { withHandle { DType(code: ct_dtype($0)) } }

    /// Where the elements are.
    package var device: Device {
        withHandle {
            ct_device_kind($0) == Int32(CT_CUDA) ? .cuda(Int(ct_device_index($0))) : .cpu
        }
    }

    /// Whether operations on this tensor are recorded for `backward()`.
    package var requiresGrad: Bool { withHandle { ct_requires_grad($0) } }

    /// Whether the elements lie in row-major order without holes.
    package var isContiguous: Bool { isContiguous(.contiguous) }

    /// Whether the elements lie in the given order without holes.
    package func isContiguous(_ format: MemoryFormat) -> Bool {
        withHandle { ct_is_contiguous($0, format.code) }
    }

    /// Shape, dtype and device, never the values: `Tensor [2, 3] float32 cpu`.
    package var description: String { "Tensor \(shape) \(dtype.rawValue) \(device)" }
}

// MARK: - Calls into the shim

extension Tensor {
    typealias Result = UnsafeMutablePointer<OpaquePointer?>
    typealias Failure = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    /// Runs a shim function that makes one tensor.
    ///
    /// - Parameter expected: what the shapes should have been; evaluated only on failure.
    static func make(
        _ operation: String, _ inputs: [Tensor?] = [],
        expected: @autoclosure () -> String? = nil,
        _ body: ([OpaquePointer?], Result, Failure) -> Int32
    ) throws(TorchError) -> Tensor {
        var made: OpaquePointer?
        try run(operation, inputs, expected: expected()) { body($0, &made, $1) }
        return try adopt(made, operation)
    }

    /// Runs a shim function that makes two tensors.
    static func makePair(
        _ operation: String, _ inputs: [Tensor?], expected: @autoclosure () -> String? = nil,
        _ body: ([OpaquePointer?], Result, Result, Failure) -> Int32
    ) throws(TorchError) -> (Tensor, Tensor) {
        var first: OpaquePointer?
        var second: OpaquePointer?
        try run(operation, inputs, expected: expected()) { body($0, &first, &second, $1) }
        return (try adopt(first, operation), try adopt(second, operation))
    }

    /// Runs a shim function on tensors; on failure the error carries their shapes.
    static func run(
        _ operation: String, _ inputs: [Tensor?], expected: @autoclosure () -> String? = nil,
        _ body: ([OpaquePointer?], Failure) -> Int32
    ) throws(TorchError) {
        var message: UnsafeMutablePointer<CChar>?
        let status = withHandles(inputs) { body($0, &message) }
        guard status != Int32(CT_OK) else { return }
        let reason = take(message)
        let code: Int32? =
            switch status {
            case Int32(CT_NO_MEMORY): ENOMEM
            case Int32(CT_INDETERMINATE): ENOTSUP
            default: nil
            }
        guard code == nil else {
            throw TorchError(operation: operation, message: reason, code: code)
        }
        let found = summary(of: inputs.compactMap { $0 })
        if let expected = expected() {
            throw TorchError(
                operation: operation, message: "expected \(expected), found \(found) (\(reason))")
        }
        let suffix = found.isEmpty ? "" : " (found \(found))"
        throw TorchError(operation: operation, message: reason + suffix)
    }

    /// Runs a shim function that takes no tensor.
    static func call(_ operation: String, _ body: (Failure) -> Int32) throws(TorchError) {
        try run(operation, []) { body($1) }
    }

    private static func adopt(
        _ handle: OpaquePointer?, _ operation: String
    ) throws(TorchError) -> Tensor {
        guard let handle else {
            throw TorchError(operation: operation, message: "the operation made no tensor")
        }
        return Tensor(adopting: handle)
    }

    /// Shapes joined by commas, with the dtypes, and the devices where they differ.
    private static func summary(of tensors: [Tensor]) -> String {
        let mixed = Set(tensors.map(\.device)).count > 1
        var parts = tensors.prefix(6).map { tensor in
            "\(tensor.shape) \(tensor.dtype.rawValue)" + (mixed ? " \(tensor.device)" : "")
        }
        if tensors.count > 6 { parts.append("… \(tensors.count) tensors") }
        return parts.joined(separator: ", ")
    }

    private static func take(_ message: UnsafeMutablePointer<CChar>?) -> String {
        guard let message else { return "no memory" }
        defer { ct_string_free(message) }
        return String(cString: message)
    }
}
