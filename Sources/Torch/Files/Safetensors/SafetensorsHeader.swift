/// The JSON header of a safetensors file, read strictly and checked against the file's size.
///
/// A general JSON reader would be laxer than the format: it keeps one of two equal names, accepts
/// `1.0` for a length, and recurses as deep as the file tells it to. This one reads just the
/// header's grammar, in one pass, without recursion.
///
/// Source: https://github.com/huggingface/safetensors, README, "Format".
struct SafetensorsHeader: Equatable {
    /// The reference implementation's limit on the header's length in bytes.
    static let limit = 100_000_000

    struct Entry: Equatable {
        var name: String
        var dtype: DType
        var shape: [Int]
        /// From the start of the data section.
        var bytes: Range<Int>
    }

    struct Seal: Equatable {
        var digits: String
        var place: Range<Int>
    }

    /// In the order of the header.
    private(set) var entries: [Entry] = []
    private(set) var metadata: [String: String] = [:]
    /// The digits of the file's own checksums, and where they stand in the JSON.
    private(set) var seal: Seal?

    static let names: [(String, DType)] = [
        ("F32", .float32), ("BF16", .bfloat16), ("F16", .float16), ("F64", .float64),
        ("I64", .int64), ("U8", .uint8), ("BOOL", .bool),
    ]

    /// - Parameters:
    ///   - json: the header's text, padded with spaces at its end.
    ///   - dataSize: the bytes that follow it.
    init(json: UnsafeRawBufferPointer, dataSize: Int) throws(WeightsProblem) {
        var scanner = JSONScanner(bytes: json, of: "header", from: 8)
        var names = Set<String>()
        try scanner.object("the header") { (scanner, name) throws(WeightsProblem) in
            if name == "__metadata__" {
                guard names.insert(name).inserted else {
                    throw WeightsProblem(message: "the name '__metadata__' appears twice")
                }
                try readMetadata(&scanner)
                return
            }
            guard names.insert(name).inserted else {
                throw WeightsProblem(message: "the name '\(name)' appears twice")
            }
            entries.append(try SafetensorsHeader.readEntry(&scanner, name: name))
        }
        try scanner.end()
        try check(dataSize: dataSize)
    }

    private mutating func readMetadata(_ scanner: inout JSONScanner) throws(WeightsProblem) {
        var found: [String: String] = [:]
        try scanner.object("__metadata__") { (scanner, key) throws(WeightsProblem) in
            let value = try scanner.string("the value of metadata '\(key)'")
            if key == SafetensorsSeal.key {
                let end = scanner.position - 1
                guard seal == nil else {
                    throw WeightsProblem(message: "the metadata '\(key)' appears twice")
                }
                seal = Seal(digits: value, place: max(end - value.utf8.count, 0)..<end)
                return
            }
            guard found.updateValue(value, forKey: key) == nil else {
                throw WeightsProblem(message: "the metadata '\(key)' appears twice")
            }
        }
        metadata = found
    }

    private static func readEntry(
        _ scanner: inout JSONScanner, name: String
    ) throws(WeightsProblem) -> Entry {
        var dtype: DType?
        var shape: [Int]?
        var offsets: [Int]?
        var keys = Set<String>()
        try scanner.object("'\(name)'") { (scanner, key) throws(WeightsProblem) in
            guard keys.insert(key).inserted else {
                throw WeightsProblem(message: "'\(name)' has '\(key)' twice")
            }
            switch key {
            case "dtype":
                let text = try scanner.string("the dtype of '\(name)'")
                guard let known = names.first(where: { $0.0 == text }) else {
                    let list = names.map(\.0).joined(separator: ", ")
                    throw WeightsProblem(
                        message: "'\(name)' has the dtype '\(text)', which is not read; convert it "
                            + "to one of \(list)")
                }
                dtype = known.1
            case "shape": shape = try scanner.integers("the shape of '\(name)'")
            case "data_offsets": offsets = try scanner.integers("the data_offsets of '\(name)'")
            default:
                throw WeightsProblem(
                    message: "'\(name)' has the unknown key '\(key)'; "
                        + "known: dtype, shape, data_offsets")
            }
        }
        guard let dtype, let shape, let offsets else {
            throw WeightsProblem(message: "'\(name)' needs dtype, shape and data_offsets")
        }
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw WeightsProblem(
                message: "'\(name)' has the data_offsets \(offsets), not [begin, end]")
        }
        guard shape.count <= 64 else {  // libtorch's own limit on rank
            throw WeightsProblem(
                message: "'\(name)' has \(shape.count) dimensions; at most 64 are read")
        }
        guard let size = shape.byteCount(of: dtype) else {
            throw WeightsProblem(message: "'\(name)' has the shape \(shape), too large to address")
        }
        guard size == offsets[1] - offsets[0] else {
            throw WeightsProblem(
                message: "'\(name)' of \(dtype.rawValue) \(shape) needs \(size) bytes, "
                    + "its data_offsets \(offsets) hold \(offsets[1] - offsets[0])")
        }
        return Entry(name: name, dtype: dtype, shape: shape, bytes: offsets[0]..<offsets[1])
    }

    /// The tensors must tile the data section: no overlap, no gap, nothing outside.
    private func check(dataSize: Int) throws(WeightsProblem) {
        let ordered = entries.sorted {
            ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
        }
        var end = 0
        var before = "the header"
        for entry in ordered {
            guard entry.bytes.upperBound <= dataSize else {
                throw WeightsProblem(
                    message: "'\(entry.name)' ends at byte \(entry.bytes.upperBound) of the data, "
                        + "which has \(dataSize): the file is truncated or hostile")
            }
            guard entry.bytes.lowerBound >= end else {
                throw WeightsProblem(message: "'\(entry.name)' overlaps \(before)")
            }
            guard entry.bytes.lowerBound == end else {
                throw WeightsProblem(
                    message: "\(entry.bytes.lowerBound - end) unused bytes before '\(entry.name)'")
            }
            end = entry.bytes.upperBound
            before = "'\(entry.name)'"
        }
        guard end == dataSize else {
            throw WeightsProblem(message: "\(dataSize - end) unused bytes after \(before)")
        }
    }
}
