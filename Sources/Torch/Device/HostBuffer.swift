import CTorch

/// Bytes on the host that threads fill and a tensor then shows, without a copy.
///
/// Sendable: the tensor inside is only asked for its memory and for views of it; that nobody
/// writes while somebody else reads is up to whoever hands the buffer from thread to thread. A
/// device reads no longer than the copy to it lasts: `Tensor.to(_:)` returns when it has all bytes.
package final class HostBuffer: @unchecked Sendable {
    /// The memory; what it holds at first means nothing.
    package let bytes: UnsafeMutableRawBufferPointer
    private let storage: Tensor

    /// Allocates memory.
    ///
    /// - Parameters:
    ///   - count: bytes.
    ///   - pinned: whether it is page-locked, for fast copies to a GPU.
    /// - Throws: `TorchError` for want of memory, or of a CUDA device where `pinned` asks for it.
    package init(count: Int, pinned: Bool = false) throws(TorchError) {
        var start: UnsafeMutableRawPointer?
        storage = try Tensor.make("host buffer") { _, out, error in
            ct_host_buffer(Int64(count), pinned, out, &start, error)
        }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
    }

    /// A uint8 tensor of all the bytes, which shares their memory and keeps it alive.
    ///
    /// - Throws: `TorchError` if the shape does not take exactly as many bytes.
    package func tensor(shape: [Int]) throws(TorchError) -> Tensor {
        try storage.reshaped(shape)
    }
}

/// The process's own memory, in which CPU tensors live.
package enum HostMemory {
    /// Lets malloc keep what is freed, for the next allocation. A program calls it once, at its
    /// start; a library leaves the choice to its program.
    ///
    /// Every training step allocates the same activations and gradients anew. By default glibc
    /// returns them to the system each time, which then clears a gigabyte page by page. Measured
    /// with ResNet-50 on 32x32 images and 2 cores: a step takes 10 % less time, half as much of it
    /// in the kernel.
    package static func keepFreed() { ct_keep_freed_memory() }
}
