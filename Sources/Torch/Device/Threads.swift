import CTorch

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
