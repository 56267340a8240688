/// The ranges of counts, which a recipe's keys and the options that mean the same share.
///
/// They are far beyond use, and so small that what is computed of several fits 64 bits.
package enum Limits {
    /// Images of a data set: slots and images are drawn by 32-bit numbers.
    package static let images = 1...Int(UInt32.max)
    /// Classes that a network tells apart.
    package static let classes = 2...1_000_000
    /// Epochs of a training, of a cache, or of a part of either.
    package static let epochs = 1...1_000_000
    /// Images of a batch, in all or in a group.
    package static let batch = 1...1_000_000
    /// The side of an image that a network takes, pixels.
    package static let sides = 1...16_384
    /// Groups of responses in a file.
    package static let groupsPerPart = 1...1_000_000
    /// Snapshots that are averaged.
    package static let snapshots = 1...1000
    /// Steps between two checkpoints.
    package static let steps = 1...1_000_000_000
}

/// What a cache of responses can hold: bounds that recipes and caches share.
package enum ResponseBounds {
    /// The most classes of a response: a stored class is 16 bits wide.
    package static let classes = 65_536

    /// The divergences in nats that encoding `bounded` can be asked to keep.
    package static let maxKL = 1e-5...1.0

    /// The one that it keeps unless another is named, in nats.
    package static let standardMaxKL = 0.01
}
