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
