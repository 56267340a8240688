import StrictYAML

extension Recipe {
    /// The exponential moving average of the weights, whose decay ramps up as `1 - exp(-beta·t)`.
    package struct EMA: Section, Equatable {
        package var decay = 0.0
        package var beta = 1.0

        package static let initial = Self()
        package static let keys: [Key<Self>] = [
            Key("decay", \.decay, .number(in: .belowOne), "the decay that the ramp approaches"),
            Key(
                "beta", \.beta, .number(in: .positive),
                "the ramp's steepness over the whole run"),
        ]
    }
}
