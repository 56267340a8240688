import Base
import CTorch
import Glibc

/// A module that somebody exported, code and weights in one file, which libtorch runs as it stands.
///
/// Whoever opens one runs its code: of an AOTInductor package the machine's, of a TorchScript file
/// what the interpreter of TorchScript allows.
package final class ExportedModule {
    /// What wrote the file.
    package enum Format: String, Sendable, CaseIterable {
        /// `torch._inductor.aoti_compile_and_package`: a `.pt2` for one kind of device.
        case aotInductor = "aotinductor"
        /// `torch.jit.save`, which PyTorch has deprecated: a `.pt` for any device.
        case torchScript = "torchscript"
    }

    private let handle: OpaquePointer
    private let path: String

    /// Loads a file for a device.
    ///
    /// - Throws: `TorchError` for what is no such file, or is for another kind of device.
    package init(path: String, format: Format, device: Device) throws(TorchError) {
        self.path = path
        // What cannot be read is told as of any file; libtorch would tell its own lines of code.
        do { close(try RegularFile.open(path)) } catch {
            throw Self.error(path, error.description, code: error.code)
        }
        var made: OpaquePointer?
        do throws(TorchError) {
            try Tensor.call("exported module") {
                ct_exported_load(path, format.code, device.kind, device.index, &made, $0)
            }
        } catch {
            throw Self.error(
                path, "cannot be run as \(format.title): \(error.message)", code: error.code)
        }
        guard let made else { throw Self.error(path, "holds no module") }
        handle = made
    }

    deinit { ct_exported_free(handle) }

    /// The module's answer to a batch: its one output, the first of several, or the one that it calls
    /// `logits`.
    package func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        do throws(TorchError) {
            return try Tensor.make("exported module", [input]) { [handle] handles, out, error in
                ct_exported_run(handle, handles[0], out, error)
            }
        } catch {
            throw Self.error(
                path, "does not answer images \(input.shape): \(error.message)", code: error.code)
        }
    }

    private static func error(_ path: String, _ message: String, code: Int32? = nil) -> TorchError {
        TorchError(operation: "exported module", message: "\(path): \(message)", code: code)
    }
}

extension ExportedModule.Format {
    /// What people call it.
    package var title: String {
        switch self {
        case .aotInductor: "an AOTInductor package"
        case .torchScript: "TorchScript"
        }
    }

    fileprivate var code: Int32 {
        switch self {
        case .aotInductor: Int32(CT_AOT_INDUCTOR)
        case .torchScript: Int32(CT_TORCH_SCRIPT)
        }
    }
}
