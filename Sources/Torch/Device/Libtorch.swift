import CTorch
import Foundation

/// The libtorch that is loaded.
package struct Libtorch: Sendable, Equatable {
    /// The version that this program is built for: `2.11.0`.
    package static var version: String { String(cString: ct_libtorch_version()) }
    /// The folder of its libraries.
    package let folder: String
    /// The instructions that its kernels use on this CPU: `AVX512`.
    package let instructions: String

    /// Asks the library.
    ///
    /// - Throws: `TorchError` for want of memory.
    package init() throws(TorchError) {
        var text: UnsafeMutablePointer<CChar>?
        try Tensor.call("libtorch") { ct_libtorch(&text, $0) }
        defer { ct_string_free(text) }
        let lines = text.map { String(cString: $0) }?.components(separatedBy: "\n") ?? []
        guard lines.count == 2 else {
            throw TorchError(operation: "libtorch", message: "does not describe itself")
        }
        (folder, instructions) = (lines[0], lines[1])
    }
}

/// libtorch's pool of CPU threads inside one operation.
package enum Threads {
    /// The size of the pool.
    package static var count: Int { Int(ct_threads()) }

    /// Sets the size of the pool; each thread that runs operations takes it up at its next one.
    ///
    /// - Throws: `TorchError` if the count is not positive.
    package static func setCount(_ count: Int) throws(TorchError) {
        guard count > 0, let number = Int32(exactly: count) else {
            throw .shape("threads", expected: "a positive count", found: "\(count)")
        }
        try Tensor.call("threads") { ct_set_threads(number, $0) }
    }
}
