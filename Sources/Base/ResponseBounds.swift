/// What a cache of responses can hold: bounds that recipes and caches share.
package enum ResponseBounds {
    /// The most classes of a response: a stored class is 16 bits wide.
    package static let classes = 65_536

    /// The divergences in nats that encoding `bounded` can be asked to keep.
    package static let maxKL = 1e-5...1.0

    /// The one that it keeps unless another is named, in nats.
    package static let standardMaxKL = 0.01
}
