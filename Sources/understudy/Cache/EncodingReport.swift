import Foundation
import ResponseCache

/// What `understudy cache bench` prints.
struct EncodingReport: Encodable {
    /// The responses that encodings are measured on.
    struct Subject {
        let name: String
        let classes: Int
        /// Responses that a prior is learnt from; empty for none.
        let calibration: [Float]
        let responses: [Float]
        /// Responses of the whole cache, which share the prior's bytes.
        let cached: Int
    }

    /// The bounded encoding beside plain top-K of the same mean divergence.
    struct Equal: Encodable {
        let maxKL: Double
        let meanKL: Double
        let bytes: Double
        /// The smallest K of which plain top-K diverges no more, and its bytes.
        let topK: Int
        let topKBytes: Double
        let ratio: Double

        enum CodingKeys: String, CodingKey {
            case bytes, ratio
            case maxKL = "max_kl"
            case meanKL = "mean_kl"
            case topK = "top_k"
            case topKBytes = "top_k_bytes"
        }
    }

    let name: String
    let classes: Int
    let rows: Int
    let meanEntropy: Double
    let table: [EncodingCost]
    let equal: [Equal]
    /// The largest ratio of bytes in `equal`; nil where plain top-K never gets there.
    let bytesRatio: Double?
    /// The bounded encoding of at most the bytes of plain top-10, and the ratio of mean divergences.
    let sameBytes: EncodingCost?
    let klRatio: Double?
    /// The largest divergence of a row that `bounded 0.01 nats` stored.
    let maxKL: Double
    /// Rows that one core reads, checks and decodes in a second, by encoding.
    let rowsPerSecond: [String: Double]

    enum CodingKeys: String, CodingKey {
        case name, classes, rows, table, equal
        case meanEntropy = "mean_entropy"
        case bytesRatio = "bytes_ratio"
        case sameBytes = "same_bytes"
        case klRatio = "kl_ratio"
        case maxKL = "max_kl"
        case rowsPerSecond = "rows_per_second"
    }

    /// The bounds at which plain top-K is compared, besides the standard one.
    private static let otherBounds = [0.1, 0.03]

    init(_ subject: Subject) throws {
        let classes = subject.classes
        let bench = try EncodingBenchmark(
            responses: subject.responses, calibration: subject.calibration, classes: classes,
            cached: subject.cached)
        let topK = bench.plainTopK(limit: 1000)
        func plain(top count: Int) -> EncodingCost? { topK.first { $0.entries == Double(count) } }
        let bounds = Self.otherBounds + [RowEncoding.standardBound]
        let standard = try bench.cost(of: .bounded(maxKL: RowEncoding.standardBound))
        let bounded =
            try Self.otherBounds.map { try bench.cost(of: .bounded(maxKL: $0)) } + [standard]
        equal = zip(bounds, bounded).compactMap { bound, ours in
            guard let theirs = topK.first(where: { $0.meanKL <= ours.meanKL }) else { return nil }
            return Equal(
                maxKL: bound, meanKL: ours.meanKL, bytes: ours.bytes, topK: Int(theirs.entries),
                topKBytes: theirs.bytes, ratio: ours.bytes / theirs.bytes)
        }
        bytesRatio = equal.count == bounded.count ? equal.map(\.ratio).max() : nil
        if let ten = plain(top: 10) {
            let ours = try bench.bounded(bytes: ten.bytes)
            sameBytes = ours
            klRatio = ours.meanKL / ten.meanKL
        } else {
            (sameBytes, klRatio) = (nil, nil)
        }
        let even =
            try subject.calibration.isEmpty
            ? [] : bounds.map { try bench.cost(of: .bounded(maxKL: $0), sharesEvenly: true) }
        let counts = [5, 10, 20, 50, 100].filter { $0 < classes }
        table =
            try [bench.cost(of: .dense)]
            + counts.map { try bench.cost(of: .topK($0)) }
            + bounded + even + counts.compactMap(plain(top:))
        maxKL = standard.maxKL
        rowsPerSecond = try Dictionary(
            uniqueKeysWithValues: [
                .dense, .topK(min(50, classes - 1)), .bounded(maxKL: RowEncoding.standardBound),
            ].map {
                ("\($0)", try ReadingSpeed.measure($0, subject))
            })
        name = subject.name
        self.classes = classes
        rows = bench.rows
        meanEntropy = bench.meanEntropy
    }

    var text: String {
        var lines = [
            "responses  \(rows.grouped), of \(name)",
            "           \(classes) classes, "
                + String(format: "mean entropy %.3f nats", meanEntropy),
            "",
            "                                   classes     bytes   mean KL    max KL",
        ]
        for cost in table {
            lines.append(
                cost.layout.padding(toLength: 34, withPad: " ", startingAt: 0)
                    + String(
                        format: "%8.1f%10.1f%10.5f%10.5f", cost.entries, cost.bytes, cost.meanKL,
                        cost.maxKL))
        }
        lines.append("")
        for line in equal {
            lines.append(
                String(format: "bound %g: %.1f B where plain top-", line.maxKL, line.bytes)
                    + "\(line.topK) takes "
                    + String(format: "%.0f B: %.2f", line.topKBytes, line.ratio))
        }
        if let sameBytes, let klRatio {
            lines.append(
                String(
                    format: "in %.1f B: %.4f nats, %.2f of plain top-10 in 44 B",
                    sameBytes.bytes, sameBytes.meanKL, klRatio))
        }
        for (encoding, speed) in rowsPerSecond.sorted(by: { $0.key < $1.key }) {
            lines.append(
                String(format: "reading %@: %.2f million rows/s on one core", encoding, speed / 1e6)
            )
        }
        return lines.joined(separator: "\n")
    }
}
