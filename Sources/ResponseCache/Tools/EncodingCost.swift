/// What a way of storing responses costs in bytes and in accuracy.
package struct EncodingCost: Codable, Equatable, Sendable {
    /// The way, such as `bounded 0.01 nats`.
    package let layout: String
    /// Classes stored per response.
    package let entries: Double
    /// Bytes per response, a prior's share included, without the files' overhead.
    package let bytes: Double
    /// The mean of KL(response ‖ decoded), in nats.
    package let meanKL: Double
    /// Its maximum.
    package let maxKL: Double

    private enum CodingKeys: String, CodingKey {
        case layout, entries, bytes
        case meanKL = "mean_kl"
        case maxKL = "max_kl"
    }
}
