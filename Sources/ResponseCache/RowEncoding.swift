/// How one row of probabilities lies in a part.
public enum RowEncoding: Equatable, Hashable, Sendable {
    /// Every class as float16: dataset `probabilities`, `[rows, classes]`.
    ///
    /// Values are rounded to the nearest half and stepped down where their sum would pass 1, so a
    /// stored row sums to a little less than 1. What is lost belongs to all classes in proportion:
    /// readers divide the row by its sum.
    case dense

    /// The K most probable classes: datasets `values` (float16) and `classes` (uint16), both
    /// `[rows, K]`, most probable first, equals by class index.
    ///
    /// Readers give the remainder, 1 minus the sum of the stored values, to the unstored classes in
    /// equal shares. It is never negative, and it is positive where any unstored class was.
    case topK(Int)

    /// The most classes a cache can hold: class indices are uint16.
    public static let maximumClasses = 65_536

    /// Bytes of one row's values and indices, without the file's overhead.
    public func bytesPerRow(classes: Int) -> Int {
        switch self {
        case .dense: 2 * classes
        case .topK(let count): 4 * count
        }
    }

    /// The name in manifests and parts: `dense` or `topk`.
    public var name: String {
        switch self {
        case .dense: "dense"
        case .topK: "topk"
        }
    }

    /// Entries stored per row.
    func entries(classes: Int) -> Int {
        switch self {
        case .dense: classes
        case .topK(let count): count
        }
    }
}

extension RowEncoding: CustomStringConvertible {
    /// `dense` or `topk 50`.
    public var description: String {
        switch self {
        case .dense: "dense"
        case .topK(let count): "topk \(count)"
        }
    }
}

extension RowEncoding: Codable {
    private enum CodingKeys: String, CodingKey {
        case name
        case topK = "top_k"
    }

    /// Reads `{"name": "dense"}` or `{"name": "topk", "top_k": 50}`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let name = try container.decode(String.self, forKey: .name)
        switch name {
        case "dense": self = .dense
        case "topk": self = .topK(try container.decode(Int.self, forKey: .topK))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .name, in: container,
                debugDescription: "unknown encoding '\(name)'; known: dense, topk")
        }
    }

    /// Writes `{"name": "dense"}` or `{"name": "topk", "top_k": 50}`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        if case .topK(let count) = self { try container.encode(count, forKey: .topK) }
    }
}
