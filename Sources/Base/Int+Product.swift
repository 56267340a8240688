extension Int {
    /// The product of what a user chose, or `nil` where it does not fit 64 bits.
    package static func product(_ factors: Int...) -> Int? {
        var product = 1
        for factor in factors {
            let (value, overflow) = product.multipliedReportingOverflow(by: factor)
            guard !overflow else { return nil }
            product = value
        }
        return product
    }
}
