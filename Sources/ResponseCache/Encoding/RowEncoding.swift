import Base

/// How one row of probabilities lies in a part.
package enum RowEncoding: Equatable, Hashable, Sendable {
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

    /// As few classes as keep each row within `maxKL` nats of the teacher's: datasets `lengths`
    /// (uint8, `[rows]`: how long each is) and `packed` (uint8: the rows' bits, one after the other,
    /// each from a whole byte on, see `BoundedLayout`).
    case bounded(maxKL: Double)

    /// The bounds that can be asked for, in nats.
    package static let bounds = ResponseBounds.maxKL

    /// The bound where none is named, in nats.
    package static let standardBound = ResponseBounds.standardMaxKL

    /// The most classes a cache can hold.
    package static let maximumClasses = ResponseBounds.classes

    /// Bytes of one row's values and indices, without the file's overhead; nil where they depend on
    /// the row.
    package func bytesPerRow(classes: Int) -> Int? {
        switch self {
        case .dense: 2 * classes
        case .topK(let count): 4 * count
        case .bounded: nil
        }
    }

    /// The name in manifests and parts: `dense`, `topk` or `bounded`.
    package var name: String {
        switch self {
        case .dense: "dense"
        case .topK: "topk"
        case .bounded: "bounded"
        }
    }
}

extension RowEncoding: CustomStringConvertible {
    /// `dense`, `topk 50` or `bounded 0.01 nats`.
    package var description: String {
        switch self {
        case .dense: "dense"
        case .topK(let count): "topk \(count)"
        case .bounded(let maxKL): "bounded \(maxKL) nats"
        }
    }
}

extension RowEncoding: Codable {
    private enum CodingKeys: String, CodingKey {
        case name
        case topK = "top_k"
        case maxKL = "max_kl"
    }

    /// Reads `{"name": "dense"}`, `{"name": "topk", "top_k": 50}` or
    /// `{"name": "bounded", "max_kl": 0.01}`.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let name = try container.decode(String.self, forKey: .name)
        switch name {
        case "dense": self = .dense
        case "topk": self = .topK(try container.decode(Int.self, forKey: .topK))
        case "bounded": self = .bounded(maxKL: try container.decode(Double.self, forKey: .maxKL))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .name, in: container,
                debugDescription: "unknown encoding '\(name)'; known: dense, topk, bounded")
        }
    }

    /// Writes what `init(from:)` reads.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        switch self {
        case .dense: break
        case .topK(let count): try container.encode(count, forKey: .topK)
        case .bounded(let maxKL): try container.encode(maxKL, forKey: .maxKL)
        }
    }
}
