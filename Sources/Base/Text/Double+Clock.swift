extension Double {
    /// The number of seconds as a clock shows it: `0:05`, `12:34`, `27:10:33`.
    package var clockText: String {
        let whole = Int(Swift.min(Swift.max(self, 0), 3_599_999))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return whole >= 3600
            ? "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
            : "\(whole / 60):\(two(whole % 60))"
    }
}
