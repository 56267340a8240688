extension [Int] {
    /// The product of lengths, or nil if one is negative or the product overflows.
    ///
    /// A length of 0 hides no overflow of the others, from which strides are computed all the same.
    var product: Int? {
        var product = 1
        for length in self where length != 0 {
            let (next, overflow) = product.multipliedReportingOverflow(by: length)
            guard length > 0, !overflow else { return nil }
            product = next
        }
        return contains(0) ? 0 : product
    }

    /// The bytes that a tensor of this shape takes, or nil as for `product`.
    func byteCount(of dtype: DType) -> Int? {
        guard let product else { return nil }
        let (bytes, overflow) = product.multipliedReportingOverflow(by: dtype.size)
        return overflow ? nil : bytes
    }
}
