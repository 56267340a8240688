/// Measures laps of wall time.
package struct Stopwatch {
    private var last = ContinuousClock.now

    /// Starts the first lap.
    package init() {}

    /// Seconds since the last lap.
    package mutating func lap() -> Double {
        let now = ContinuousClock.now
        defer { last = now }
        return last.duration(to: now).seconds
    }
}

extension Duration {
    /// The duration in seconds.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
