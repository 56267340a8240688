import CPixels
import Glibc

/// Memory for pixels that grows to the largest request and is kept for the next one.
final class PixelBuffer {
    /// Beyond this, memory is given back by the next smaller request: one huge picture must not
    /// hold what thousands of ordinary ones never need.
    private static let kept = 64 << 20

    private var memory: UnsafeMutablePointer<UInt8>?
    private var capacity = 0

    /// Memory for `count` bytes, valid until the next request; what it holds means nothing.
    ///
    /// - Throws: `ImageError` where there is none.
    func reserve(_ count: Int) throws(ImageError) -> UnsafeMutablePointer<UInt8> {
        if let memory, count <= capacity, capacity <= Self.kept || count > Self.kept {
            return memory
        }
        free(memory)
        memory = nil
        capacity = max(count, 1)
        // On a cache line, for the vector loops.
        var start: UnsafeMutableRawPointer?
        guard count >= 0, posix_memalign(&start, 64, capacity) == 0, let start else {
            capacity = 0
            throw .noMemory(count)
        }
        let fresh = start.assumingMemoryBound(to: UInt8.self)
        memory = fresh
        return fresh
    }

    deinit { free(memory) }
}

/// What the processor can do for the loops of CPixels.
enum Kernels {
    /// 1 where it has AVX2.
    static let avx2 = cpixels_has_avx2()
}
