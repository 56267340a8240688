import CHDF5

/// A dataset of another program's file, kept open, and with it the chunks that were read last.
final class ForeignDataset: Sendable {
    let name: String
    let kind: chdf5_kind
    /// Bits of an element.
    let bits: Int
    let shape: [Int]
    /// The first element of what was never written, if anything was not: HDF5 reads it as zeros.
    let gap: [Int]?
    /// Other files in which its numbers lie: those of a virtual dataset, or where a link led.
    let sources: [String]

    private let file: ForeignFile
    private let others: [SteadyFile]
    /// Touched under HDF5's lock alone.
    nonisolated(unsafe) private let dataset: OpaquePointer

    /// - Throws: `CacheError` if there is no such dataset, or a file cannot be opened in which it
    ///   lies.
    init(_ name: String, in file: ForeignFile) throws(CacheError) {
        let dataset = try HDF5File.locked(file.path) {
            chdf5_open_dataset(file.file, name, $0, $1)
        }
        // Of its own, so that it is closed if what follows throws.
        let opened = Opened(dataset)
        var kind = CHDF5_OTHER
        var (bits, rank): (Int32, Int32) = (0, 0)
        var shape = [UInt64](repeating: 0, count: Int(CHDF5_FOREIGN_RANK))
        var gap = shape
        var (hasGap, paths): (Bool, [String]) = (false, [])
        try HDF5File.locked(file.path) { message in
            hasGap = chdf5_gap(dataset, &gap) != 0
            var bytes = 0
            let text = UnsafeRawBufferPointer(start: chdf5_sources(dataset, &bytes), count: bytes)
            paths = text.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return chdf5_describe(dataset, &kind, &bits, &rank, &shape, message)
        }
        self.name = name
        self.file = file
        self.kind = kind
        self.bits = Int(bits)
        self.shape = shape.prefix(Int(rank)).map { Int(clamping: $0) }
        self.gap = hasGap ? gap.prefix(Int(rank)).map { Int(clamping: $0) } : nil
        sources = paths
        var others: [SteadyFile] = []
        for path in paths { others.append(try SteadyFile(path: path)) }
        self.others = others
        self.dataset = opened.take()
    }

    deinit { HDF5File.locked { chdf5_close_dataset(dataset) } }

    /// Rows in ascending order, no two alike, `[rows.count, n]`; of one view where there are several.
    ///
    /// - Throws: `CacheError` for what cannot be read, or changed since the file was opened.
    func rows(_ rows: some Collection<Int>, view: Int) throws(CacheError) -> [Double] {
        guard let columns = shape.last else { return [] }
        var values = [Double](repeating: 0, count: rows.count * columns)
        let numbers = rows.map { UInt64($0) }
        try HDF5File.locked(file.path) {
            chdf5_read_rows(dataset, UInt64(view), numbers, UInt64(numbers.count), &values, $0)
        }
        try file.requireUnchanged()
        for other in others { try other.requireUnchanged() }
        return values
    }

    /// A whole dataset of texts.
    func strings(count: Int) throws(CacheError) -> [String] {
        var texts: UnsafeMutablePointer<CChar>?
        var bytes = 0
        defer { chdf5_free(texts) }
        try HDF5File.locked(file.path) {
            chdf5_read_strings(dataset, UInt64(count), &texts, &bytes, $0)
        }
        let all = UnsafeRawBufferPointer(start: texts, count: bytes)
        return all.split(separator: 0, maxSplits: count, omittingEmptySubsequences: false)
            .prefix(count).map { String(decoding: $0, as: UTF8.self) }
    }

    /// An open dataset that somebody is to keep.
    private final class Opened {
        private var dataset: OpaquePointer?

        init(_ dataset: OpaquePointer) { self.dataset = dataset }

        deinit { HDF5File.locked { chdf5_close_dataset(dataset) } }

        func take() -> OpaquePointer {
            guard let dataset else { preconditionFailure("it is taken once") }
            self.dataset = nil
            return dataset
        }
    }
}
