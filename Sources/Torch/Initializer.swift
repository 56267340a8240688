/// How a parameter starts.
package enum Initializer: Sendable, Equatable {
    /// All 0.
    case zeros
    /// All 1.
    case ones
    /// All one value.
    case constant(Double)
    /// Evenly from −bound ..< bound.
    case uniform(bound: Double)
    /// Normal with mean 0.
    case normal(std: Double)
    /// Normal with mean 0, cut to −2 … 2 in absolute terms: timm's `trunc_normal_`.
    case truncatedNormal(std: Double)
}
