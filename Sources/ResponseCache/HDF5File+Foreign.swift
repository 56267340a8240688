import CHDF5

extension HDF5File {
    /// What a dataset of another program is.
    func describe(
        _ name: String
    ) throws(CacheError) -> (kind: chdf5_kind, bits: Int, shape: [Int]) {
        var kind = CHDF5_OTHER
        var (bits, rank): (Int32, Int32) = (0, 0)
        var shape = [UInt64](repeating: 0, count: Int(CHDF5_FOREIGN_RANK))
        try check { chdf5_describe(file, name, &kind, &bits, &rank, &shape, $0) }
        return (kind, Int(bits), shape.prefix(Int(rank)).map { Int(clamping: $0) })
    }

    /// A block of a dataset of numbers, in row-major order.
    func block(_ name: String, start: [Int], count: [Int]) throws(CacheError) -> [Double] {
        precondition(start.count == count.count, "a block of \(count) at \(start)")
        var values = [Double](repeating: 0, count: count.reduce(1, *))
        try check {
            chdf5_read_block(
                file, name, Int32(start.count), start.map { UInt64($0) },
                count.map { UInt64($0) }, &values, $0)
        }
        return values
    }

    /// A whole dataset of texts.
    func strings(_ name: String, count: Int) throws(CacheError) -> [String] {
        var texts: UnsafeMutablePointer<CChar>?
        var bytes = 0
        defer { chdf5_free(texts) }
        try check { chdf5_read_strings(file, name, UInt64(count), &texts, &bytes, $0) }
        let all = UnsafeRawBufferPointer(start: texts, count: bytes)
        return all.split(separator: 0, maxSplits: count, omittingEmptySubsequences: false)
            .prefix(count).map { String(decoding: $0, as: UTF8.self) }
    }
}
