import CPixels

/// What the processor can do for the loops of CPixels.
enum Kernels {
    /// 1 where it has AVX2.
    static let avx2 = cpixels_has_avx2()
}
