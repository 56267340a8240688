import Base
import Foundation
import Torch

/// Square uint8 RGB images of one batch: `[count, size, size, 3]`.
///
/// Sendable: threads write disjoint images before the batch is handed on, and only read after.
package final class PixelBatch: @unchecked Sendable {
    /// The number of images.
    package let count: Int
    /// Each image's side, in pixels.
    package let size: Int
    /// The memory that the images take.
    package var bytes: Int { buffer.bytes.count }
    private let buffer: HostBuffer
    private let pool: BufferPool?

    init(count: Int, size: Int, from pool: BufferPool) throws(TorchError) {
        self.count = count
        self.size = size
        self.pool = pool
        buffer = try pool.take(count * size * size * 3)
    }

    /// A batch of one image in memory of its own.
    init(imageOfSize size: Int) throws(TorchError) {
        count = 1
        self.size = size
        pool = nil
        buffer = try HostBuffer(count: size * size * 3)
    }

    /// A batch with a copy of pixels, `[N, size, size, 3]`.
    package init(_ pixels: [UInt8], size: Int) throws(TorchError) {
        let bytes = size * size * 3
        precondition(pixels.count % bytes == 0, "pixels do not fill whole images")
        count = pixels.count / bytes
        self.size = size
        pool = nil
        buffer = try HostBuffer(count: pixels.count)
        buffer.bytes.copyBytes(from: pixels)
    }

    deinit { pool?.give(buffer) }

    /// Lends the pixels as a tensor, `[count, size, size, 3]`, uint8, on the host. It shares the
    /// batch's memory, which is used again afterwards: what is kept must be a copy, and one to a
    /// device must be whole before the body returns, as `Tensor.to(_:)` sees to.
    package func withTensor<R>(
        _ body: (Tensor) throws(TorchError) -> R
    ) throws(TorchError) -> R {
        try withExtendedLifetime(self) { () throws(TorchError) in
            try body(buffer.tensor(shape: [count, size, size, 3]))
        }
    }

    /// Lends the pixels' bytes.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(buffer.bytes)) }
    }

    /// Where one image goes, as rows of RGB.
    func image(_ index: Int) -> UnsafeMutablePointer<UInt8> {
        precondition((0..<count).contains(index), "image \(index) is not in the batch")
        guard let start = buffer.bytes.baseAddress else { preconditionFailure("no pixels") }
        return start.assumingMemoryBound(to: UInt8.self) + index * size * size * 3
    }
}

/// The memory that images take before any network has seen them: its least need, known from a recipe
/// alone.
struct PixelMemory {
    /// How many images there are at a time.
    let images: Int
    /// The sides that each is rendered at, in pixels.
    let sizes: Set<Int>
    /// Where they become a network's input.
    let device: Device

    /// On the host, in bytes: three a pixel as they are rendered, and on the CPU twelve more as the
    /// floats of the network that takes the largest.
    var bytes: Int {
        let pixels = sizes.map { images * $0 * $0 }
        return 3 * pixels.reduce(0, +) + (device == .cpu ? 12 * (pixels.max() ?? 0) : 0)
    }

    /// Checks that they can fit.
    ///
    /// - Parameters:
    ///   - available: bytes that can be had at most.
    ///   - keys: of the recipe, that make it less.
    /// - Throws: `DatasetError`.
    func check(
        _ what: String, keys: String, available: Int = SystemMemory.most()
    ) throws(DatasetError) {
        guard bytes > available else { return }
        let sides = sizes.sorted().map { "\($0)x\($0)" }.joined(separator: " and ")
        throw DatasetError(
            "\(what) of \(images) images of \(sides) pixels needs at least \(bytes) bytes of memory, "
                + "and no more than \(available) can be had; lower \(keys)",
            cause: .system(ENOMEM))
    }
}
