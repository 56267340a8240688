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

    /// The bounds at which plain top-K is compared.
    private static let bounds = [0.1, 0.03, RowEncoding.standardBound]

    init(_ subject: Subject) throws {
        let classes = subject.classes
        let bench = try EncodingBenchmark(
            responses: subject.responses, calibration: subject.calibration, classes: classes,
            cached: subject.cached)
        let plain = bench.plainTopK(limit: 1000)
        let bounded = try Self.bounds.map { try bench.cost(of: .bounded(maxKL: $0)) }
        equal = zip(Self.bounds, bounded).compactMap { bound, ours in
            guard let theirs = plain.first(where: { $0.meanKL <= ours.meanKL }) else { return nil }
            return Equal(
                maxKL: bound, meanKL: ours.meanKL, bytes: ours.bytes, topK: Int(theirs.entries),
                topKBytes: theirs.bytes, ratio: ours.bytes / theirs.bytes)
        }
        bytesRatio = equal.count == bounded.count ? equal.map(\.ratio).max() : nil
        if plain.count >= 10 {
            let ours = try bench.bounded(bytes: plain[9].bytes)
            sameBytes = ours
            klRatio = ours.meanKL / plain[9].meanKL
        } else {
            (sameBytes, klRatio) = (nil, nil)
        }
        let even =
            try subject.calibration.isEmpty
            ? [] : Self.bounds.map { try bench.cost(of: .bounded(maxKL: $0), sharesEvenly: true) }
        let counts = [5, 10, 20, 50, 100].filter { $0 < classes }
        table =
            try [bench.cost(of: .dense)]
            + counts.map { try bench.cost(of: .topK($0)) }
            + bounded + even + counts.map { plain[$0 - 1] }
        maxKL = bounded[bounded.count - 1].maxKL
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

/// How fast one core reads a cache from the page cache in the order of a plan.
enum ReadingSpeed {
    /// Builds a cache in a temporary folder and reads it.
    ///
    /// - Returns: rows per second of a processor that are read, checked and decoded; the best of
    ///   several passes.
    static func measure(_ encoding: RowEncoding, _ subject: EncodingReport.Subject) throws -> Double
    {
        let folder = try ScratchFolder(for: .cache)
        let classes = subject.classes
        let group = min(128, subject.responses.count / classes)
        let groups = subject.responses.count / classes / group
        // As many epochs as the whole cache has responses for, so that a prior is used as there;
        // only the first is built.
        let manifest = try CacheManifest(
            fingerprint: Fingerprint(fields: []), encoding: encoding, classes: classes,
            epochs: min(max(1, subject.cached / (groups * group)), 1 << 16), groupsPerEpoch: groups,
            groupSize: group, groupsPerPart: max(1, min(64, (groups + 1) / 2)), teacher: "bench",
            createdBy: "understudy cache bench")
        let builder = try CacheBuilder(directory: folder.path, manifest: manifest)
        let size = group * classes
        if let needed = try builder.calibrationGroups() {
            let isEnough = subject.calibration.count >= size
            let known = isEnough ? subject.calibration : subject.responses
            try builder.calibrate(needed) { index in
                let first = index * group % max(known.count / classes - group + 1, 1)
                return Array(known[first * classes..<first * classes + size])
            }
        }
        let parts = manifest.parts(epoch: 0, groups: 0..<groups)
        for part in parts {
            let writer = try builder.begin(part)
            for index in manifest.groups(of: part) {
                writer.append(
                    Array(subject.responses[index * size..<(index + 1) * size]), pixelChecksum: 0)
            }
            try writer.publish()
        }
        // It holds one part and the prior, as a training's does: parts are read anew in every pass.
        let reader = try CacheReader(directory: folder.path)
        var buffer = [Float](repeating: 0, count: size)
        var best = 0.0
        for _ in 0..<15 {
            let start = Self.processorSeconds()
            for index in 0..<groups {
                try buffer.withUnsafeMutableBufferPointer {
                    try reader.read(
                        epoch: 0, slots: index * group..<(index + 1) * group, into: $0)
                }
            }
            best = max(best, Double(groups * group) / (Self.processorSeconds() - start))
        }
        return best
    }

    /// What this thread has spent on a processor: files are in the page cache, so it waits for
    /// nothing else, and other programs on the machine do not count.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
