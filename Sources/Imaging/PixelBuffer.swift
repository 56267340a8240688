/// Memory for pixels that grows to the largest request and is kept for the next one.
final class PixelBuffer {
    /// Beyond this, memory is given back by the next smaller request: one huge picture must not
    /// hold what thousands of ordinary ones never need.
    private static let kept = 64 << 20

    private var memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    private var capacity = 1

    /// Memory for `count` bytes, valid until the next request; what it holds means nothing.
    func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        if count > capacity || (capacity > Self.kept && count <= Self.kept) {
            memory.deallocate()
            capacity = max(count, 1)
            memory = .allocate(capacity: capacity)
        }
        return memory
    }

    deinit { memory.deallocate() }
}
