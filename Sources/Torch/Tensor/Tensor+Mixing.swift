import CTorch

extension Tensor {
    /// Normalises a group of 8-bit images and mixes each with its partner, in one operation.
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
    package func normalisedViews(
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
